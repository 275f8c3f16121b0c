//! Who a staff cookie stands for, and signing out.

use chrono::TimeDelta;
use cp_domain::{StaffSessionState, TokenHash};
use cp_store::{StaffAccess, StaffSessionStore, StoreError};

use crate::{Auth, secrets::hash_opaque};

const LAST_SEEN_GRAIN: TimeDelta = TimeDelta::seconds(60);

/// The hash of a staff cookie's value; none when it cannot be one of ours.
#[must_use]
pub fn hash_staff_credential(value: &str) -> Option<TokenHash> {
    hash_opaque(value)
}

/// The session of both factors that a cookie stands for, when it may be used.
///
/// # Errors
/// When the database fails.
pub async fn resolve_staff(
    auth: &Auth,
    hash: &TokenHash,
) -> Result<Option<StaffAccess>, StoreError> {
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    let used_since = now - auth.staff.idle();
    let found = StaffSessionStore::find_usable(conn, hash, used_since, now).await?;
    let session = found.filter(|session| session.state == StaffSessionState::Active);
    if let Some(session) = &session
        && now - session.last_seen_at >= LAST_SEEN_GRAIN
    {
        StaffSessionStore::touch(conn, session.id, now).await?;
    }
    Ok(session)
}

/// Ends the staff session of a cookie, pending or not; nothing happens when it has ended.
///
/// # Errors
/// When the database fails.
pub async fn sign_out_staff(auth: &Auth, hash: &TokenHash) -> Result<(), StoreError> {
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    let used_since = now - auth.staff.idle();
    if let Some(session) = StaffSessionStore::find_usable(conn, hash, used_since, now).await? {
        StaffSessionStore::revoke(conn, session.id, now).await?;
    }
    Ok(())
}
