//! A person's session on their own host. It is read anew for every request: nobody works there.

use chrono::TimeDelta;
use cp_domain::{Factors, SessionStage, TokenHash};
use cp_store::{FactorStore, PersonAccess, PersonSessionStore, StoreError};
use kernel::PersonSessionId;

use crate::Auth;

/// How exactly it is noted when a session was last used.
const SEEN: TimeDelta = TimeDelta::minutes(1);

/// A session whose second factor is due, with what the person has.
#[derive(Debug, Clone)]
pub struct PendingPerson {
    /// The session.
    pub access: PersonAccess,
    /// The second factors.
    pub factors: Factors,
}

/// The session of a cookie, when nothing is due.
///
/// # Errors
/// When the database fails.
pub async fn find_session(
    auth: &Auth,
    cookie: &TokenHash,
) -> Result<Option<PersonAccess>, StoreError> {
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    let found = PersonSessionStore::find_usable(conn, cookie, now).await?;
    let found = found.filter(|session| session.state == SessionStage::Active);
    if let Some(session) = &found
        && now - session.last_seen_at >= SEEN
    {
        PersonSessionStore::touch(conn, session.id, now).await?;
    }
    Ok(found)
}

/// The session of a cookie whose second factor is due.
///
/// # Errors
/// When the database fails.
pub async fn find_pending(
    auth: &Auth,
    cookie: &TokenHash,
) -> Result<Option<PendingPerson>, StoreError> {
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    let found = PersonSessionStore::find_usable(conn, cookie, now).await?;
    let Some(access) = found.filter(|session| session.state == SessionStage::SecondFactor) else {
        return Ok(None);
    };
    let factors = FactorStore::get(conn, access.person).await?.factors;
    Ok(Some(PendingPerson { access, factors }))
}

/// Ends a session; nothing happens when it has ended.
///
/// # Errors
/// When the database fails.
pub async fn sign_out(auth: &Auth, session: PersonSessionId) -> Result<(), StoreError> {
    PersonSessionStore::revoke(auth.central.conn(), session, auth.clock.now()).await?;
    Ok(())
}
