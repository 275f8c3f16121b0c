//! Sessions and tokens asked about within a transaction: whoever makes something that outlives a
//! session wants to know that the session is good now, and not that it was when the request came.

use chrono::{DateTime, Utc};
use kernel::{MemberId, SessionId, TokenId};
use sea_orm::ConnectionTrait;

use crate::{AccessTokenStore, SessionStore, StoreError, sql};

const SESSION: &str = "SELECT id FROM sessions WHERE id = ? AND member_id = ? \
     AND state = 'active' AND revoked_at IS NULL AND expires_at > ?";

impl SessionStore {
    /// Whether a member's session may be used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_good(
        conn: &impl ConnectionTrait,
        member: MemberId,
        id: SessionId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let by = [id.as_uuid().into(), member.as_uuid().into(), now.into()];
        let good = conn.query_one_raw(sql::statement(SESSION, by)).await?;
        Ok(good.is_some())
    }

    /// As [`Self::is_good`]; kept as it is until the transaction ends, so that whoever ends the
    /// session comes before and is seen, or after and sees what was made meanwhile.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hold(
        conn: &impl ConnectionTrait,
        member: MemberId,
        id: SessionId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let by = [id.as_uuid().into(), member.as_uuid().into(), now.into()];
        let held = sql::statement(&format!("{SESSION} LOCK IN SHARE MODE"), by);
        Ok(conn.query_one_raw(held).await?.is_some())
    }
}

impl AccessTokenStore {
    /// Whether a member's token may be used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_good(
        conn: &impl ConnectionTrait,
        member: MemberId,
        id: TokenId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let good = sql::statement(
            "SELECT id FROM access_tokens WHERE id = ? AND member_id = ? \
             AND revoked_at IS NULL AND expires_at > ?",
            [id.as_uuid().into(), member.as_uuid().into(), now.into()],
        );
        Ok(conn.query_one_raw(good).await?.is_some())
    }
}
