//! Sessions of staff: apart from those of people in every respect.

use chrono::{DateTime, Utc};
use cp_domain::{Email, StaffRole, StaffSessionState, TokenHash};
use kernel::{Limit, StaffId, StaffSessionId};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sessions::read_hash, sql};

/// A session of staff.
#[derive(Debug, Clone)]
pub struct StaffSession {
    /// The session.
    pub id: StaffSessionId,
    /// The hash of the cookie's value.
    pub token_hash: TokenHash,
    /// Whose it is.
    pub staff: StaffId,
    /// How far it has come.
    pub state: StaffSessionState,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// The client's address.
    pub address: String,
    /// A short name of the device.
    pub device: String,
}

/// A session that may be used, with its owner as they are now.
#[derive(Debug, Clone)]
pub struct StaffAccess {
    /// The session.
    pub id: StaffSessionId,
    /// The hash of the cookie's value.
    pub token_hash: TokenHash,
    /// How far it has come.
    pub state: StaffSessionState,
    /// When it began: whose it is gave a code then.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// Whose it is.
    pub staff: StaffId,
    /// Their address.
    pub email: Email,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: StaffRole,
}

/// A session in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedStaffSession {
    /// The session.
    pub id: StaffSessionId,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// The client's address.
    pub address: String,
    /// A short name of the device.
    pub device: String,
}

#[derive(FromQueryResult)]
struct ListedRow {
    id: Uuid,
    created_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    address: String,
    device: String,
}

impl From<ListedRow> for ListedStaffSession {
    fn from(row: ListedRow) -> Self {
        Self {
            id: row.id.into(),
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            expires_at: row.expires_at,
            address: row.address,
            device: row.device,
        }
    }
}

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "staff_sessions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(column_type = "Binary(32)")]
        pub token_hash: Vec<u8>,
        pub staff_id: Uuid,
        pub state: String,
        pub created_at: DateTimeUtc,
        pub last_seen_at: DateTimeUtc,
        pub expires_at: DateTimeUtc,
        pub revoked_at: Option<DateTimeUtc>,
        pub address: String,
        pub device: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[derive(FromQueryResult)]
struct AccessRow {
    id: Uuid,
    token_hash: Vec<u8>,
    state: String,
    created_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    staff_id: Uuid,
    email: String,
    name: String,
    role: String,
}

impl TryFrom<AccessRow> for StaffAccess {
    type Error = StoreError;

    fn try_from(row: AccessRow) -> Result<Self, StoreError> {
        let corrupt = |column| StoreError::corrupt("staff_sessions", column);
        Ok(Self {
            id: row.id.into(),
            token_hash: read_hash(&row.token_hash)?,
            state: StaffSessionState::parse(&row.state).ok_or_else(|| corrupt("state"))?,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            expires_at: row.expires_at,
            staff: row.staff_id.into(),
            email: Email::parse(&row.email).map_err(|_| corrupt("email"))?,
            name: row.name,
            role: row.role.parse().map_err(|_| corrupt("role"))?,
        })
    }
}

/// The table `staff_sessions`.
#[derive(Debug, Clone, Copy)]
pub struct StaffSessionStore;

impl StaffSessionStore {
    /// The session of this secret, when it may be used, was used since `used_since` and its owner
    /// may sign in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_usable(
        conn: &impl ConnectionTrait,
        hash: &TokenHash,
        used_since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<StaffAccess>, StoreError> {
        let row = sql::select::<AccessRow, 3>(
            "SELECT s.id, s.token_hash, s.state, s.created_at, s.last_seen_at, s.expires_at, s.staff_id, \
             p.email, p.name, p.role FROM staff_sessions s JOIN staff p ON p.id = s.staff_id \
             WHERE s.token_hash = ? AND s.revoked_at IS NULL AND s.expires_at > ? \
             AND s.last_seen_at > ? AND p.disabled_at IS NULL",
            [
                hash.as_bytes().to_vec().into(),
                now.into(),
                used_since.into(),
            ],
        );
        row.one(conn).await?.map(StaffAccess::try_from).transpose()
    }

    /// Sessions of an account that have not ended, the newest first, before one of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        staff: StaffId,
        before: Option<StaffSessionId>,
        now: DateTime<Utc>,
        limit: Limit,
    ) -> Result<Vec<ListedStaffSession>, StoreError> {
        let rows = sql::select::<ListedRow, 4>(
            "SELECT id, created_at, last_seen_at, expires_at, address, device \
             FROM staff_sessions WHERE staff_id = ? AND id < ? AND state = 'active' \
             AND revoked_at IS NULL AND expires_at > ? ORDER BY id DESC LIMIT ?",
            [
                staff.as_uuid().into(),
                before.map_or(Uuid::max(), StaffSessionId::as_uuid).into(),
                now.into(),
                limit.plus_one().into(),
            ],
        );
        let rows = rows.all(conn).await?;
        Ok(rows.into_iter().map(ListedStaffSession::from).collect())
    }

    /// Ends a session of this account; answers false when it has none such.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_own(
        conn: &impl ConnectionTrait,
        staff: StaffId,
        id: StaffSessionId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE staff_sessions SET revoked_at = ? \
             WHERE id = ? AND staff_id = ? AND revoked_at IS NULL AND expires_at > ?",
            [
                now.into(),
                id.as_uuid().into(),
                staff.as_uuid().into(),
                now.into(),
            ],
        );
        Ok(changed.await? == 1)
    }

    /// Adds a session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        session: &StaffSession,
    ) -> Result<(), StoreError> {
        let row = entity::ActiveModel {
            id: Set(session.id.as_uuid()),
            token_hash: Set(session.token_hash.as_bytes().to_vec()),
            staff_id: Set(session.staff.as_uuid()),
            state: Set(session.state.as_str().to_owned()),
            created_at: Set(session.created_at),
            last_seen_at: Set(session.created_at),
            expires_at: Set(session.expires_at),
            revoked_at: Set(None),
            address: Set(session.address.clone()),
            device: Set(session.device.clone()),
        };
        entity::Entity::insert(row)
            .exec_without_returning(conn)
            .await?;
        Ok(())
    }

    /// Ends a session; answers false when it had ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke(
        conn: &impl ConnectionTrait,
        id: StaffSessionId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE staff_sessions SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
            [now.into(), id.as_uuid().into()],
        );
        Ok(changed.await? == 1)
    }

    /// Ends all sessions of an account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_all(
        conn: &impl ConnectionTrait,
        staff: StaffId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        sql::execute(
            conn,
            "UPDATE staff_sessions SET revoked_at = ? WHERE staff_id = ? AND revoked_at IS NULL",
            [now.into(), staff.as_uuid().into()],
        )
        .await
    }

    /// Notes that a session was used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn touch(
        conn: &impl ConnectionTrait,
        id: StaffSessionId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "UPDATE staff_sessions SET last_seen_at = ? WHERE id = ? AND last_seen_at < ?",
            [now.into(), id.as_uuid().into(), now.into()],
        )
        .await?;
        Ok(())
    }
}
