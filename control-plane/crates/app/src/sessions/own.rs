//! One's own sessions: list, end one, sign out.

use cp_store::{Session, SessionStore, StoreError, TenantSecurityStore};
use kernel::{MemberId, SessionId};

use super::cached::Limits;
use crate::Auth;

/// A session in its owner's list.
#[derive(Debug, Clone)]
pub struct OwnSession {
    /// The session.
    pub session: Session,
    /// Whether the list was asked for with it.
    pub current: bool,
}

/// Why a session was not ended.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// It is not one of the member's, or has ended.
    #[error("no such session")]
    NotFound,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A member's sessions that may be used.
///
/// # Errors
/// When the database fails.
pub async fn list_sessions(
    auth: &Auth,
    member: MemberId,
    current: Option<SessionId>,
) -> Result<Vec<OwnSession>, StoreError> {
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    let mut sessions = SessionStore::list_active(conn, member, now).await?;
    if let Some(tenant) = sessions.first().map(|session| session.tenant) {
        let security = TenantSecurityStore::get(conn, tenant).await?;
        let limits = Limits::of(&auth.settings);
        sessions.retain(|session| limits.are_kept(&security, session, now));
    }
    let own = |session: Session| OwnSession {
        current: Some(session.id) == current,
        session,
    };
    Ok(sessions.into_iter().map(own).collect())
}

/// Ends one of a member's sessions.
///
/// # Errors
/// When it is not theirs or the database fails.
pub async fn revoke_session(
    auth: &Auth,
    member: MemberId,
    session: SessionId,
) -> Result<(), SessionError> {
    let now = auth.clock.now();
    let ended = SessionStore::revoke(auth.central.conn(), member, session, now).await?;
    ended.ok_or(SessionError::NotFound)?;
    auth.directory.member_changed(member).await;
    Ok(())
}

/// Ends all of a member's sessions but the one that they keep; answers how many.
///
/// # Errors
/// When the database fails.
pub async fn revoke_other_sessions(
    auth: &Auth,
    member: MemberId,
    keep: SessionId,
) -> Result<u64, StoreError> {
    let now = auth.clock.now();
    let ended = SessionStore::revoke_others(auth.central.conn(), member, keep, now).await?;
    auth.directory.member_changed(member).await;
    Ok(ended)
}

/// Ends the session that one is signed in with; nothing happens when it has ended.
///
/// # Errors
/// When the database fails.
pub async fn sign_out(auth: &Auth, member: MemberId, session: SessionId) -> Result<(), StoreError> {
    match revoke_session(auth, member, session).await {
        Ok(()) | Err(SessionError::NotFound) => Ok(()),
        Err(SessionError::Store(error)) => Err(error),
    }
}
