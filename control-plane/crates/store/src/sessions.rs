//! Sessions: the truth that caches are filled from.

mod access;
mod ends;
mod stages;

use chrono::{DateTime, Utc};
use cp_domain::{SessionStage, SignInMethod, TokenHash};
use kernel::{ConnectionId, MemberId, PersonId, SessionId, TenantId};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};

use crate::{StoreError, sql};

pub use access::{AccessRecord, ProofRecord};
pub(crate) use access::{AccessRow, NO_PROOF};

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

/// The table `sessions`.
#[derive(Debug, Clone, Copy)]
pub struct SessionStore;

impl SessionStore {
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
