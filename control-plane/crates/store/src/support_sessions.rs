//! Sessions of staff in a tenant: apart from those of people and from staff's own.

use chrono::{DateTime, Utc};
use cp_domain::TokenHash;
use kernel::{StaffId, SupportAccessId, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sessions::read_hash, sql};

/// A session, or the code that it begins with.
#[derive(Debug, Clone)]
pub struct SupportSession {
    /// Its id.
    pub id: Uuid,
    /// The access that it uses.
    pub access: SupportAccessId,
    /// The tenant.
    pub tenant: TenantId,
    /// Whose it is.
    pub staff: StaffId,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// The client's address.
    pub address: String,
    /// A short name of the device.
    pub device: String,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    access_id: Uuid,
    tenant_id: Uuid,
    staff_id: Uuid,
    expires_at: DateTime<Utc>,
    address: String,
    device: String,
}

impl From<Row> for SupportSession {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            access: row.access_id.into(),
            tenant: row.tenant_id.into(),
            staff: row.staff_id.into(),
            expires_at: row.expires_at,
            address: row.address,
            device: row.device,
        }
    }
}

const SELECT: &str = "SELECT id, access_id, tenant_id, staff_id, expires_at, address, device \
     FROM support_sessions";

/// The table `support_sessions`.
#[derive(Debug, Clone, Copy)]
pub struct SupportSessionStore;

impl SupportSessionStore {
    /// The session of a cookie, or of a code, in this tenant, when it may be used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_usable(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        hash: &TokenHash,
        active: bool,
        now: DateTime<Utc>,
    ) -> Result<Option<SupportSession>, StoreError> {
        let text = format!(
            "{SELECT} WHERE token_hash = ? AND tenant_id = ? AND state = ? \
             AND revoked_at IS NULL AND expires_at > ?"
        );
        let state = if active { "active" } else { "pending" };
        let row = sql::select::<Row, 4>(
            &text,
            [
                hash.as_bytes().to_vec().into(),
                tenant.as_uuid().into(),
                state.into(),
                now.into(),
            ],
        );
        Ok(row.one(conn).await?.map(SupportSession::from))
    }

    /// Adds a session that is a code as yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert_code(
        conn: &impl ConnectionTrait,
        session: &SupportSession,
        hash: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO support_sessions (id, token_hash, access_id, tenant_id, staff_id, state, \
             created_at, expires_at, address, device) VALUES (?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?)",
            [
                session.id.into(),
                hash.as_bytes().to_vec().into(),
                session.access.as_uuid().into(),
                session.tenant.as_uuid().into(),
                session.staff.as_uuid().into(),
                now.into(),
                session.expires_at.into(),
                session.address.as_str().into(),
                session.device.as_str().into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Makes a session of a code: of several that try, one gets true.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin(
        conn: &impl ConnectionTrait,
        session: &SupportSession,
        code: &TokenHash,
        cookie: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE support_sessions SET state = 'active', token_hash = ?, expires_at = ?, \
             address = ?, device = ? WHERE id = ? AND token_hash = ? AND state = 'pending' \
             AND revoked_at IS NULL AND expires_at > ?",
            [
                cookie.as_bytes().to_vec().into(),
                session.expires_at.into(),
                session.address.as_str().into(),
                session.device.as_str().into(),
                session.id.into(),
                code.as_bytes().to_vec().into(),
                now.into(),
            ],
        );
        Ok(changed.await? == 1)
    }

    /// Ends every session of an access; answers their ids and hashes, so that caches forget them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_of(
        conn: &impl ConnectionTrait,
        access: SupportAccessId,
        now: DateTime<Utc>,
    ) -> Result<Vec<(Uuid, TokenHash)>, StoreError> {
        #[derive(FromQueryResult)]
        struct Ended {
            id: Uuid,
            token_hash: Vec<u8>,
        }
        let open = sql::select::<Ended, 1>(
            "SELECT id, token_hash FROM support_sessions \
             WHERE access_id = ? AND revoked_at IS NULL FOR UPDATE",
            [access.as_uuid().into()],
        );
        let open = open.all(conn).await?;
        sql::execute(
            conn,
            "UPDATE support_sessions SET revoked_at = ? WHERE access_id = ? AND revoked_at IS NULL",
            [now.into(), access.as_uuid().into()],
        )
        .await?;
        let ended = open.into_iter();
        ended
            .map(|row| Ok((row.id, read_hash(&row.token_hash)?)))
            .collect()
    }
}
