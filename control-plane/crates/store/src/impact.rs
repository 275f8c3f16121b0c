//! How many people and programs a decision about signing in concerns: shown before it is taken.

use chrono::{DateTime, Utc};
use kernel::TenantId;
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::{StoreError, sql};

/// What there is in a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Impact {
    /// Active members.
    pub members: u64,
    /// Of these, those whom no enabled connection knows.
    pub unlinked: u64,
    /// Of these, those without a second factor.
    pub without_factor: u64,
    /// Sessions that did not come through a provider.
    pub other_sessions: u64,
    /// Clients.
    pub clients: u64,
    /// Access tokens.
    pub tokens: u64,
}

#[derive(FromQueryResult)]
struct Row {
    members: i64,
    unlinked: i64,
    without_factor: i64,
    other_sessions: i64,
    clients: i64,
    tokens: i64,
}

/// Counts over members, sessions and tokens of a tenant.
#[derive(Debug, Clone, Copy)]
pub struct ImpactStore;

impl ImpactStore {
    /// Counts what there is now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> Result<Impact, StoreError> {
        let id = || tenant.as_uuid().into();
        let row = sql::select::<Row, 7>(
            "SELECT COUNT(*) AS members, \
             CAST(COALESCE(SUM(NOT EXISTS (SELECT 1 FROM sso_identities i \
              JOIN sso_connections c ON c.id = i.connection_id WHERE i.person_id = m.person_id \
              AND c.tenant_id = m.tenant_id AND c.state = 'enabled')), 0) AS SIGNED) AS unlinked, \
             CAST(COALESCE(SUM(p.totp_secret IS NULL AND NOT EXISTS (SELECT 1 FROM passkeys k \
              WHERE k.person_id = p.id)), 0) AS SIGNED) AS without_factor, \
             (SELECT COUNT(*) FROM sessions s WHERE s.tenant_id = ? AND s.method <> 'sso' \
              AND s.revoked_at IS NULL AND s.expires_at > ?) AS other_sessions, \
             (SELECT COUNT(*) FROM client_secrets c WHERE c.tenant_id = ? \
              AND c.revoked_at IS NULL AND c.expires_at > ?) AS clients, \
             (SELECT COUNT(*) FROM access_tokens t WHERE t.tenant_id = ? \
              AND t.revoked_at IS NULL AND t.expires_at > ?) AS tokens \
             FROM memberships m JOIN people p ON p.id = m.person_id \
             WHERE m.tenant_id = ? AND m.state = 'active'",
            [id(), now.into(), id(), now.into(), id(), now.into(), id()],
        );
        let row = row.one(conn).await?.ok_or(StoreError::Missing("count"))?;
        let number = |count: i64| u64::try_from(count).unwrap_or_default();
        Ok(Impact {
            members: number(row.members),
            unlinked: number(row.unlinked),
            without_factor: number(row.without_factor),
            other_sessions: number(row.other_sessions),
            clients: number(row.clients),
            tokens: number(row.tokens),
        })
    }
}
