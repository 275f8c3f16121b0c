//! Browsers that were sent to a provider and have not come back; logout tokens that were used.

use chrono::{DateTime, Utc};
use cp_domain::{FlowPurpose, TokenHash};
use kernel::{ConnectionId, SessionId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sql};

/// A browser that was sent to a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The hash of the state.
    pub state_hash: TokenHash,
    /// The connection.
    pub connection: ConnectionId,
    /// What for.
    pub purpose: FlowPurpose,
    /// The hash of the browser's cookie.
    pub browser_hash: TokenHash,
    /// The session, for what needs one.
    pub session: Option<SessionId>,
    /// The sealed nonce and PKCE verifier.
    pub sealed: Vec<u8>,
    /// Where the browser goes in the end.
    pub return_to: String,
    /// When it was sent.
    pub created_at: DateTime<Utc>,
    /// Until when it may come back.
    pub expires_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct Row {
    state_hash: Vec<u8>,
    connection_id: Uuid,
    purpose: String,
    browser_hash: Vec<u8>,
    session_id: Option<Uuid>,
    sealed: Vec<u8>,
    return_to: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl TryFrom<Row> for Flow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let hash = |bytes: &[u8], column| {
            TokenHash::from_slice(bytes).ok_or(StoreError::corrupt("sso_flows", column))
        };
        let purpose = FlowPurpose::parse(&row.purpose);
        Ok(Self {
            state_hash: hash(&row.state_hash, "state_hash")?,
            connection: row.connection_id.into(),
            purpose: purpose.ok_or(StoreError::corrupt("sso_flows", "purpose"))?,
            browser_hash: hash(&row.browser_hash, "browser_hash")?,
            session: row.session_id.map(SessionId::from),
            sealed: row.sealed,
            return_to: row.return_to,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

/// The table `sso_flows`.
#[derive(Debug, Clone, Copy)]
pub struct FlowStore;

impl FlowStore {
    /// Adds a flow, and clears some that nobody came back from.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(conn: &impl ConnectionTrait, flow: &Flow) -> Result<(), StoreError> {
        let stale = "DELETE FROM sso_flows WHERE expires_at < ? LIMIT 50";
        sql::execute(conn, stale, [flow.created_at.into()]).await?;
        sql::execute(
            conn,
            "INSERT INTO sso_flows (state_hash, connection_id, purpose, browser_hash, session_id, \
             sealed, return_to, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                flow.state_hash.as_bytes().to_vec().into(),
                flow.connection.as_uuid().into(),
                flow.purpose.as_str().into(),
                flow.browser_hash.as_bytes().to_vec().into(),
                flow.session.map(SessionId::as_uuid).into(),
                flow.sealed.clone().into(),
                flow.return_to.clone().into(),
                flow.created_at.into(),
                flow.expires_at.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Uses a flow up: of this connection, in this browser, in time, and once. Of several that try
    /// at once, one gets it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn consume(
        conn: &impl ConnectionTrait,
        connection: ConnectionId,
        state: &TokenHash,
        browser: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Flow>, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE sso_flows SET used_at = ? WHERE state_hash = ? AND connection_id = ? \
             AND browser_hash = ? AND used_at IS NULL AND expires_at > ?",
            [
                now.into(),
                state.as_bytes().to_vec().into(),
                connection.as_uuid().into(),
                browser.as_bytes().to_vec().into(),
                now.into(),
            ],
        );
        if changed.await? != 1 {
            return Ok(None);
        }
        let row = sql::select::<Row, 1>(
            "SELECT * FROM sso_flows WHERE state_hash = ?",
            [state.as_bytes().to_vec().into()],
        );
        row.one(conn).await?.map(Flow::try_from).transpose()
    }

    /// Keeps what a test found, in the place of what the one before of this session did.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_result(
        conn: &impl ConnectionTrait,
        flow: &Flow,
        sealed: Vec<u8>,
    ) -> Result<(), StoreError> {
        let session = flow.session.map(SessionId::as_uuid);
        let before =
            "UPDATE sso_flows SET result = NULL WHERE connection_id = ? AND session_id = ?";
        let values = [flow.connection.as_uuid().into(), session.into()];
        sql::execute(conn, before, values).await?;
        let text = "UPDATE sso_flows SET result = ? WHERE state_hash = ?";
        let values = [sealed.into(), flow.state_hash.as_bytes().to_vec().into()];
        sql::execute(conn, text, values).await?;
        Ok(())
    }

    /// The result of the latest test that was made in this session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_result(
        conn: &impl ConnectionTrait,
        connection: ConnectionId,
        session: SessionId,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            result: Vec<u8>,
        }
        let row = sql::select::<Row, 2>(
            "SELECT result FROM sso_flows WHERE connection_id = ? AND session_id = ? \
             AND result IS NOT NULL LIMIT 1",
            [connection.as_uuid().into(), session.as_uuid().into()],
        );
        Ok(row.one(conn).await?.map(|row| row.result))
    }
}

/// The table `sso_logout_tokens`.
#[derive(Debug, Clone, Copy)]
pub struct LogoutTokenStore;

impl LogoutTokenStore {
    /// Uses a logout token up; answers false when it was used before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn consume(
        conn: &impl ConnectionTrait,
        connection: ConnectionId,
        id_hash: &TokenHash,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let stale = "DELETE FROM sso_logout_tokens WHERE expires_at < ? LIMIT 50";
        sql::execute(conn, stale, [now.into()]).await?;
        let added = sql::execute(
            conn,
            "INSERT IGNORE INTO sso_logout_tokens (connection_id, jti_hash, expires_at) \
             VALUES (?, ?, ?)",
            [
                connection.as_uuid().into(),
                id_hash.as_bytes().to_vec().into(),
                expires_at.into(),
            ],
        );
        Ok(added.await? == 1)
    }
}
