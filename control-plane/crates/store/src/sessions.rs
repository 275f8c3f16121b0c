//! Sessions: the truth that caches are filled from.

use chrono::{DateTime, Utc};
use cp_domain::{MemberState, SessionStage, SignInMethod, TokenHash};
use kernel::{ConnectionId, MemberId, PersonId, Role, SessionId, TenantId};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult};
use uuid::Uuid;

use crate::{
    StoreError,
    memberships::{read_role, read_state},
    sql,
};

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// The hash of the cookie's value.
    pub token_hash: TokenHash,
    /// The tenant it is bound to.
    pub tenant: TenantId,
    /// The member.
    pub member: MemberId,
    /// The person.
    pub person: PersonId,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// When it was ended.
    pub revoked_at: Option<DateTime<Utc>>,
    /// The client's address when it began.
    pub address: String,
    /// The country of the address, when known.
    pub country: Option<String>,
    /// A short name of the device.
    pub device: String,
    /// How far it has come.
    pub stage: SessionStage,
    /// How the person signed in.
    pub method: SignInMethod,
    /// The identity provider, for single sign-on.
    pub connection: Option<ConnectionId>,
    /// The provider's own session (`sid`).
    pub provider_session: Option<String>,
    /// The sealed ID token, a hint for signing out at the provider.
    pub provider_token: Option<Vec<u8>>,
    /// Whether a second factor was given.
    pub second_factor: bool,
    /// When the person last proved who they are.
    pub confirmed_at: DateTime<Utc>,
}

/// A session or token with what its member may do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRecord {
    /// The session's or token's id.
    pub id: Uuid,
    /// The hash of the secret.
    pub token_hash: TokenHash,
    /// The tenant.
    pub tenant: TenantId,
    /// The member.
    pub member: MemberId,
    /// The person.
    pub person: PersonId,
    /// The member's role.
    pub role: Role,
    /// Whether they are external.
    pub external: bool,
    /// Where the membership stands.
    pub state: MemberState,
    /// The membership's version.
    pub version: u32,
    /// The scopes of a token, words separated by spaces.
    pub scopes: Option<String>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// When it was ended.
    pub revoked_at: Option<DateTime<Utc>>,
    /// How a session's person is proven, and its limits; none for a token.
    pub proof: Option<ProofRecord>,
}

/// What a session has that a token has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofRecord {
    /// How the person signed in.
    pub method: SignInMethod,
    /// The identity provider, for single sign-on.
    pub connection: Option<ConnectionId>,
    /// Whether a second factor was given.
    pub second_factor: bool,
    /// When the person last proved who they are.
    pub confirmed_at: DateTime<Utc>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// The tenant's limit for a session that is not used.
    pub idle_minutes: Option<u32>,
    /// The tenant's limit for any session.
    pub absolute_minutes: Option<u32>,
    /// Whether the member's standing changed since the cookie was given.
    pub rotate_due: bool,
}

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sessions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(column_type = "Binary(32)")]
        pub token_hash: Vec<u8>,
        pub tenant_id: Uuid,
        pub member_id: Uuid,
        pub person_id: Uuid,
        pub created_at: DateTimeUtc,
        pub last_seen_at: DateTimeUtc,
        pub expires_at: DateTimeUtc,
        pub revoked_at: Option<DateTimeUtc>,
        pub address: String,
        pub country: Option<String>,
        pub device: String,
        pub state: String,
        pub method: String,
        pub connection_id: Option<Uuid>,
        pub provider_session: Option<String>,
        #[sea_orm(column_type = "VarBinary(StringLen::N(8192))", nullable)]
        pub provider_token: Option<Vec<u8>>,
        pub second_factor: bool,
        pub confirmed_at: Option<DateTimeUtc>,
        pub failures: u16,
        pub rotate_due: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl TryFrom<entity::Model> for Session {
    type Error = StoreError;

    fn try_from(row: entity::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            token_hash: read_hash(&row.token_hash)?,
            tenant: row.tenant_id.into(),
            member: row.member_id.into(),
            person: row.person_id.into(),
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            address: row.address,
            country: row.country,
            device: row.device,
            stage: SessionStage::parse(&row.state)
                .ok_or(StoreError::corrupt("sessions", "state"))?,
            method: read_method(&row.method)?,
            connection: row.connection_id.map(ConnectionId::from),
            provider_session: row.provider_session,
            provider_token: row.provider_token,
            second_factor: row.second_factor,
            confirmed_at: row.confirmed_at.unwrap_or(row.created_at),
        })
    }
}

fn read_method(word: &str) -> Result<SignInMethod, StoreError> {
    SignInMethod::parse(word).ok_or(StoreError::corrupt("sessions", "method"))
}

pub(crate) fn read_hash(bytes: &[u8]) -> Result<TokenHash, StoreError> {
    TokenHash::from_slice(bytes).ok_or(StoreError::corrupt("sessions", "token_hash"))
}

/// A row of a session or token joined with its membership.
#[derive(FromQueryResult)]
pub(crate) struct AccessRow {
    id: Uuid,
    token_hash: Vec<u8>,
    tenant_id: Uuid,
    member_id: Uuid,
    person_id: Uuid,
    role: String,
    external: bool,
    state: String,
    version: u32,
    scopes: Option<String>,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    method: Option<String>,
    connection_id: Option<Uuid>,
    second_factor: Option<bool>,
    confirmed_at: Option<DateTime<Utc>>,
    created_at: Option<DateTime<Utc>>,
    last_seen_at: Option<DateTime<Utc>>,
    idle_minutes: Option<u32>,
    absolute_minutes: Option<u32>,
    rotate_due: Option<bool>,
}

/// What a row of a token gives in the place of what only sessions have.
pub(crate) const NO_PROOF: &str = "CAST(NULL AS CHAR) AS method, NULL AS connection_id, \
     NULL AS second_factor, NULL AS confirmed_at, NULL AS created_at, NULL AS last_seen_at, \
     NULL AS idle_minutes, NULL AS absolute_minutes, NULL AS rotate_due";

impl AccessRow {
    fn proof(&self) -> Result<Option<ProofRecord>, StoreError> {
        let (Some(method), Some(created_at)) = (&self.method, self.created_at) else {
            return Ok(None);
        };
        Ok(Some(ProofRecord {
            method: read_method(method)?,
            connection: self.connection_id.map(ConnectionId::from),
            second_factor: self.second_factor.unwrap_or_default(),
            confirmed_at: self.confirmed_at.unwrap_or(created_at),
            created_at,
            last_seen_at: self.last_seen_at.unwrap_or(created_at),
            idle_minutes: self.idle_minutes,
            absolute_minutes: self.absolute_minutes,
            rotate_due: self.rotate_due.unwrap_or_default(),
        }))
    }
}

impl TryFrom<AccessRow> for AccessRecord {
    type Error = StoreError;

    fn try_from(row: AccessRow) -> Result<Self, StoreError> {
        Ok(Self {
            proof: row.proof()?,
            id: row.id,
            token_hash: read_hash(&row.token_hash)?,
            tenant: row.tenant_id.into(),
            member: row.member_id.into(),
            person: row.person_id.into(),
            role: read_role(&row.role)?,
            external: row.external,
            state: read_state(&row.state)?,
            version: row.version,
            scopes: row.scopes,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        })
    }
}

const ACCESS: &str = "SELECT s.id, s.token_hash, s.tenant_id, s.member_id, m.person_id, m.role, \
     m.external, m.state, m.version, CAST(NULL AS CHAR) AS scopes, s.expires_at, s.revoked_at, \
     s.method, s.connection_id, s.second_factor, s.confirmed_at, s.created_at, s.last_seen_at, \
     t.idle_minutes, t.absolute_minutes, s.rotate_due \
     FROM sessions s JOIN memberships m ON m.member_id = s.member_id \
     LEFT JOIN tenant_security t ON t.tenant_id = s.tenant_id \
     WHERE s.state = 'active' AND ";

/// The table `sessions`.
#[derive(Debug, Clone, Copy)]
pub struct SessionStore;

impl SessionStore {
    /// The session of this secret in this tenant, ended or not: one statement. One whose second
    /// factor is due is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_access(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        hash: &TokenHash,
    ) -> Result<Option<AccessRecord>, StoreError> {
        let row = sql::select::<AccessRow, 2>(
            &format!("{ACCESS}s.token_hash = ? AND s.tenant_id = ?"),
            [hash.as_bytes().to_vec().into(), tenant.as_uuid().into()],
        );
        row.one(conn).await?.map(AccessRecord::try_from).transpose()
    }

    /// Every session of a member that has not run out, ended ones included.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_access(
        conn: &impl ConnectionTrait,
        member: MemberId,
        now: DateTime<Utc>,
    ) -> Result<Vec<AccessRecord>, StoreError> {
        let rows = sql::select::<AccessRow, 2>(
            &format!("{ACCESS}s.member_id = ? AND s.expires_at > ?"),
            [member.as_uuid().into(), now.into()],
        );
        rows.all(conn)
            .await?
            .into_iter()
            .map(AccessRecord::try_from)
            .collect()
    }

    /// A member's sessions that may be used, the latest used first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_active(
        conn: &impl ConnectionTrait,
        member: MemberId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session>, StoreError> {
        let rows = sql::select::<entity::Model, 2>(
            "SELECT * FROM sessions WHERE member_id = ? AND revoked_at IS NULL AND expires_at > ? \
             AND state = 'active' ORDER BY last_seen_at DESC, id DESC LIMIT 200",
            [member.as_uuid().into(), now.into()],
        );
        rows.all(conn)
            .await?
            .into_iter()
            .map(Session::try_from)
            .collect()
    }

    /// Adds a session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(conn: &impl ConnectionTrait, session: &Session) -> Result<(), StoreError> {
        let row = entity::ActiveModel {
            id: Set(session.id.as_uuid()),
            token_hash: Set(session.token_hash.as_bytes().to_vec()),
            tenant_id: Set(session.tenant.as_uuid()),
            member_id: Set(session.member.as_uuid()),
            person_id: Set(session.person.as_uuid()),
            created_at: Set(session.created_at),
            last_seen_at: Set(session.last_seen_at),
            expires_at: Set(session.expires_at),
            revoked_at: Set(session.revoked_at),
            address: Set(session.address.clone()),
            country: Set(session.country.clone()),
            device: Set(session.device.clone()),
            state: Set(session.stage.as_str().to_owned()),
            method: Set(session.method.as_str().to_owned()),
            connection_id: Set(session.connection.map(ConnectionId::as_uuid)),
            provider_session: Set(session.provider_session.clone()),
            provider_token: Set(session.provider_token.clone()),
            second_factor: Set(session.second_factor),
            confirmed_at: Set(Some(session.confirmed_at)),
            failures: Set(0),
            rotate_due: Set(false),
        };
        entity::Entity::insert(row)
            .exec_without_returning(conn)
            .await?;
        Ok(())
    }

    /// Ends a member's session; answers its hash, or none when it is not theirs or has ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke(
        conn: &impl ConnectionTrait,
        member: MemberId,
        id: SessionId,
        now: DateTime<Utc>,
    ) -> Result<Option<TokenHash>, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE sessions SET revoked_at = ? \
             WHERE id = ? AND member_id = ? AND revoked_at IS NULL AND expires_at > ?",
            [
                now.into(),
                id.as_uuid().into(),
                member.as_uuid().into(),
                now.into(),
            ],
        );
        if changed.await? == 0 {
            return Ok(None);
        }
        let row = entity::Entity::find_by_id(id.as_uuid()).one(conn).await?;
        row.map(|row| read_hash(&row.token_hash)).transpose()
    }

    /// The session of this secret in this tenant that waits for its second factor or for one to
    /// be set up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_pending(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        hash: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreError> {
        let row = sql::select::<entity::Model, 3>(
            "SELECT * FROM sessions WHERE token_hash = ? AND tenant_id = ? AND state <> 'active' \
             AND revoked_at IS NULL AND expires_at > ?",
            [
                hash.as_bytes().to_vec().into(),
                tenant.as_uuid().into(),
                now.into(),
            ],
        );
        row.one(conn).await?.map(Session::try_from).transpose()
    }

    /// Counts a second factor of a pending session before it is looked at; answers false when
    /// there were too many wrong ones, or the session has ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_factor(
        conn: &impl ConnectionTrait,
        id: SessionId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE sessions SET failures = failures + 1 WHERE id = ? AND state <> 'active' \
             AND revoked_at IS NULL AND expires_at > ? AND failures < ?",
            [
                id.as_uuid().into(),
                now.into(),
                cp_domain::PENDING_FAILURES.into(),
            ],
        );
        Ok(changed.await? == 1)
    }

    /// Ends a session whose place another takes; of several that try at once, one gets true.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn replace(
        conn: &impl ConnectionTrait,
        id: SessionId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE sessions SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL \
             AND expires_at > ?",
            [now.into(), id.as_uuid().into(), now.into()],
        );
        Ok(changed.await? == 1)
    }

    /// Marks the sessions of members whose standing changed: each is to get another cookie. In the
    /// transaction of the change.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn mark_rotation(
        conn: &impl ConnectionTrait,
        members: &[MemberId],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
        entity::Entity::update_many()
            .col_expr(entity::Column::RotateDue, Expr::value(true))
            .filter(entity::Column::MemberId.is_in(members.iter().map(|id| id.as_uuid())))
            .filter(entity::Column::RevokedAt.is_null())
            .filter(entity::Column::ExpiresAt.gt(now))
            .exec(conn)
            .await?;
        Ok(())
    }

    /// Ends a session that is to get another cookie; of several that try at once, one gets true.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_rotation(
        conn: &impl ConnectionTrait,
        hash: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE sessions SET revoked_at = ?, rotate_due = FALSE WHERE token_hash = ? \
             AND rotate_due AND state = 'active' AND revoked_at IS NULL AND expires_at > ?",
            [now.into(), hash.as_bytes().to_vec().into(), now.into()],
        );
        Ok(changed.await? == 1)
    }

    /// The session of this id, in whatever state.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        id: SessionId,
    ) -> Result<Option<Session>, StoreError> {
        let row = entity::Entity::find_by_id(id.as_uuid()).one(conn).await?;
        row.map(Session::try_from).transpose()
    }

    /// Ends all sessions of a person in every tenant, but one to be kept; those on the host of
    /// people too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_all_of_person(
        conn: &impl ConnectionTrait,
        person: PersonId,
        keep: Option<SessionId>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let keep = keep.map_or(Uuid::nil(), SessionId::as_uuid);
        let ended = sql::execute(
            conn,
            "UPDATE sessions SET revoked_at = ? \
             WHERE person_id = ? AND revoked_at IS NULL AND id <> ?",
            [now.into(), person.as_uuid().into(), keep.into()],
        )
        .await?;
        sql::execute(
            conn,
            "UPDATE person_sessions SET revoked_at = ? WHERE person_id = ? AND revoked_at IS NULL",
            [now.into(), person.as_uuid().into()],
        )
        .await?;
        Ok(ended)
    }

    /// Ends all sessions of a member but one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_others(
        conn: &impl ConnectionTrait,
        member: MemberId,
        keep: SessionId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        sql::execute(
            conn,
            "UPDATE sessions SET revoked_at = ? \
             WHERE member_id = ? AND revoked_at IS NULL AND id <> ?",
            [now.into(), member.as_uuid().into(), keep.as_uuid().into()],
        )
        .await
    }

    /// Ends all sessions of a member.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_all(
        conn: &impl ConnectionTrait,
        member: MemberId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        sql::execute(
            conn,
            "UPDATE sessions SET revoked_at = ? WHERE member_id = ? AND revoked_at IS NULL",
            [now.into(), member.as_uuid().into()],
        )
        .await
    }

    /// Notes when sessions were last used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn touch(
        conn: &impl ConnectionTrait,
        ids: &[SessionId],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
        if ids.is_empty() {
            return Ok(());
        }
        entity::Entity::update_many()
            .col_expr(entity::Column::LastSeenAt, Expr::value(now))
            .filter(entity::Column::Id.is_in(ids.iter().map(|id| id.as_uuid())))
            .filter(entity::Column::LastSeenAt.lt(now))
            .exec(conn)
            .await?;
        Ok(())
    }
}
