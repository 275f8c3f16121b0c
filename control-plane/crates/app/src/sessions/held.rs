//! Whether who acts still may, asked within the transaction in which they act. A request is let in
//! by what was known when it came; what it makes may outlive the session, so a session that ended
//! meanwhile must not make it any more.

use chrono::{DateTime, Utc};
use cp_domain::MemberState;
use cp_store::{AccessTokenStore, MembershipStore, SessionStore, StoreError};
use kernel::{MemberId, SessionId, TenantId};
use sea_orm::DatabaseTransaction;

use super::{CachedSession, Credential};

/// A session's own member at work.
#[derive(Debug, Clone, Copy)]
pub struct Holder {
    /// The tenant.
    pub tenant: TenantId,
    /// The member.
    pub member: MemberId,
    /// The session.
    pub session: SessionId,
}

impl Holder {
    /// Whether the member is active and the session good; both stay so until the transaction ends.
    /// The membership first, as by whoever archives.
    pub(crate) async fn hold(
        &self,
        tx: &DatabaseTransaction,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let member = MembershipStore::find_shared(tx, self.tenant, self.member).await?;
        let active = member.is_some_and(|member| member.membership.state == MemberState::Active);
        Ok(active && SessionStore::hold(tx, self.member, self.session, now).await?)
    }
}

/// Whether the session or token is good. The caller looks at the member, and holds the tenant: what
/// ends sessions of a whole tenant has come before, or waits.
pub(crate) async fn is_good(
    tx: &DatabaseTransaction,
    session: &CachedSession,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    match session.credential {
        Credential::Session(id) => SessionStore::is_good(tx, session.member_id, id, now).await,
        Credential::Token(id) => AccessTokenStore::is_good(tx, session.member_id, id, now).await,
        // Staff who look in change nothing.
        Credential::Support(_) => Ok(false),
    }
}
