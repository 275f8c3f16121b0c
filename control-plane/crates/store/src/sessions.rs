//! Sessions: the truth that caches are filled from.

use chrono::{DateTime, Utc};
use cp_domain::{MemberState, TokenHash};
use kernel::{MemberId, PersonId, Role, SessionId, TenantId};
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
        })
    }
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
}

impl TryFrom<AccessRow> for AccessRecord {
    type Error = StoreError;

    fn try_from(row: AccessRow) -> Result<Self, StoreError> {
        Ok(Self {
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
     m.external, m.state, m.version, CAST(NULL AS CHAR) AS scopes, s.expires_at, s.revoked_at \
     FROM sessions s JOIN memberships m ON m.member_id = s.member_id WHERE ";

/// The table `sessions`.
#[derive(Debug, Clone, Copy)]
pub struct SessionStore;

impl SessionStore {
    /// The session of this secret in this tenant, in whatever state: one statement.
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
             ORDER BY last_seen_at DESC, id DESC LIMIT 200",
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
