//! Sessions that wait for a second factor. The gateway never sees them: they sign nobody in.

use cp_domain::{Factors, SessionStage, TokenHash};
use cp_store::{FactorStore, Member, MembershipStore, Session, SessionStore, StoreError};
use kernel::TenantId;
use secrecy::SecretString;

use crate::Auth;

/// A new session that waits.
#[derive(Debug)]
pub struct Pending {
    /// The value of the cookie.
    pub cookie: SecretString,
    /// The session.
    pub session: PendingSession,
}

/// A session that waits for a second factor, or for one to be set up.
#[derive(Debug, Clone)]
pub struct PendingSession {
    /// The session; its stage says what is due.
    pub session: Session,
    /// Whose it is.
    pub member: Member,
    /// What they have.
    pub factors: Factors,
}

impl PendingSession {
    /// Whether a second factor has to be set up.
    #[must_use]
    pub fn is_enrolment(&self) -> bool {
        self.session.stage == SessionStage::Enrolment
    }
}

/// The waiting session of a cookie, when there is one.
///
/// # Errors
/// When the database fails.
pub async fn find_pending(
    auth: &Auth,
    tenant: TenantId,
    cookie: &TokenHash,
) -> Result<Option<PendingSession>, StoreError> {
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    let Some(session) = SessionStore::find_pending(conn, tenant, cookie, now).await? else {
        return Ok(None);
    };
    let Some(member) = MembershipStore::find(conn, tenant, session.member).await? else {
        return Ok(None);
    };
    let factors = FactorStore::get(conn, session.person).await?.factors;
    Ok(Some(PendingSession {
        session,
        member,
        factors,
    }))
}
