//! Codes that carry a person from their own host to a tenant's: once, soon, in one browser.

use chrono::{DateTime, TimeDelta, Utc};
use cp_domain::{SignInMethod, TokenHash};
use kernel::{PersonId, PersonSessionId, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sql};

/// A code that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoffCode {
    /// The hash of the code.
    pub code_hash: TokenHash,
    /// The session that it carries.
    pub session: PersonSessionId,
    /// The tenant whose host it is good on.
    pub tenant: TenantId,
    /// The hash of the cookie that the browser has on that host.
    pub challenge: TokenHash,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Whom a code carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOver {
    /// The session on the host of people.
    pub session: PersonSessionId,
    /// The person.
    pub person: PersonId,
    /// How they proved there who they are.
    pub method: SignInMethod,
    /// Whether a second factor was given there.
    pub second_factor: bool,
    /// When they last proved it.
    pub confirmed_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    person_id: Uuid,
    method: String,
    second_factor: bool,
    confirmed_at: DateTime<Utc>,
}

/// The table `handoff_codes`.
#[derive(Debug, Clone, Copy)]
pub struct HandoffCodeStore;

impl HandoffCodeStore {
    /// Adds a code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(conn: &impl ConnectionTrait, code: &HandoffCode) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO handoff_codes (code_hash, person_session_id, tenant_id, challenge, \
             created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
            [
                code.code_hash.as_bytes().to_vec().into(),
                code.session.as_uuid().into(),
                code.tenant.as_uuid().into(),
                code.challenge.as_bytes().to_vec().into(),
                code.created_at.into(),
                code.expires_at.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Forgets codes that ended a while ago.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), StoreError> {
        let before = now - TimeDelta::hours(1);
        sql::execute(
            conn,
            "DELETE FROM handoff_codes WHERE expires_at < ? LIMIT 100",
            [before.into()],
        )
        .await?;
        Ok(())
    }

    /// Uses a code up, when it is good for this tenant and this browser; of several that try at
    /// once, one gets true.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take(
        conn: &impl ConnectionTrait,
        code: &TokenHash,
        tenant: TenantId,
        challenge: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE handoff_codes SET used_at = ? WHERE code_hash = ? AND tenant_id = ? \
             AND challenge = ? AND used_at IS NULL AND expires_at > ?",
            [
                now.into(),
                code.as_bytes().to_vec().into(),
                tenant.as_uuid().into(),
                challenge.as_bytes().to_vec().into(),
                now.into(),
            ],
        );
        Ok(changed.await? == 1)
    }

    /// Whom a code carries, while their own session goes on with nothing due.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_owner(
        conn: &impl ConnectionTrait,
        code: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<HandedOver>, StoreError> {
        let row = sql::select::<Row, 2>(
            "SELECT s.id, s.person_id, s.method, s.second_factor, s.confirmed_at \
             FROM handoff_codes c JOIN person_sessions s ON s.id = c.person_session_id \
             WHERE c.code_hash = ? AND s.state = 'active' AND s.revoked_at IS NULL \
             AND s.expires_at > ?",
            [code.as_bytes().to_vec().into(), now.into()],
        );
        let row = row.one(conn).await?;
        row.map(|row| {
            let method = SignInMethod::parse(&row.method)
                .ok_or(StoreError::corrupt("person_sessions", "method"))?;
            Ok(HandedOver {
                session: row.id.into(),
                person: row.person_id.into(),
                method,
                second_factor: row.second_factor,
                confirmed_at: row.confirmed_at,
            })
        })
        .transpose()
    }
}
