//! The first step: e-mail and password. It leads to a session that is good for the second only.

use chrono::{DateTime, TimeDelta, Utc};
use cp_domain::{Email, MAX_PASSWORD_BYTES, StaffSessionState};
use cp_store::{Staff, StaffSession, StaffSessionStore, StaffStore};
use secrecy::{ExposeSecret as _, SecretString};

use super::StaffSignInError;
use crate::{
    Auth, Client,
    policies::check_staff,
    secrets::{Minted, mint_opaque},
};

/// How long the second step may take.
const PENDING_LIFE: TimeDelta = TimeDelta::minutes(10);

/// What a member of staff gives first.
#[derive(Debug)]
pub struct StaffSignIn {
    /// The address.
    pub email: Email,
    /// The password.
    pub password: SecretString,
    /// The client.
    pub client: Client,
}

/// The code is due.
#[derive(Debug)]
pub struct PendingStaff {
    /// The value of the cookie.
    pub cookie: SecretString,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Checks e-mail and password.
///
/// # Errors
/// When one is wrong, or they cannot be checked now.
pub async fn sign_in_staff(
    auth: &Auth,
    command: StaffSignIn,
) -> Result<PendingStaff, StaffSignInError> {
    let now = auth.clock.now();
    let StaffSignIn {
        email,
        password,
        client,
    } = command;
    let attempt = auth
        .attempts
        .password("staff", &email, &client.address, now)
        .await?;
    let conn = auth.central.conn();
    let staff = StaffStore::find_by_email(conn, &email).await?;
    let plausible = password.expose_secret().len() <= MAX_PASSWORD_BYTES;
    let kept = staff
        .as_ref()
        .map(|staff| staff.password_hash.as_str())
        .filter(|_| plausible);
    let verdict = auth.check_password(&attempt, &password, kept).await?;
    let staff = staff
        .filter(|staff| verdict.matches && staff.disabled_at.is_none())
        .ok_or(StaffSignInError::InvalidCredentials)?;
    if let Some(stronger) = &verdict.stronger {
        StaffStore::rehash(conn, staff.id, &staff.password_hash, stronger).await?;
    }
    check_staff(auth, staff.id, staff.role, &client).await?;
    auth.attempts.succeeded(attempt, now).await;
    let expires_at = now + PENDING_LIFE;
    let (session, cookie) =
        new_session(auth, &staff, StaffSessionState::Pending, expires_at, client);
    StaffSessionStore::insert(conn, &session).await?;
    Ok(PendingStaff { cookie, expires_at })
}

/// A session with a new secret.
pub(super) fn new_session(
    auth: &Auth,
    staff: &Staff,
    state: StaffSessionState,
    expires_at: DateTime<Utc>,
    client: Client,
) -> (StaffSession, SecretString) {
    let Minted { secret, hash } = mint_opaque();
    let session = StaffSession {
        id: auth.clock.new_id(),
        token_hash: hash,
        staff: staff.id,
        state,
        created_at: auth.clock.now(),
        expires_at,
        address: client.address,
        device: client.device,
    };
    (session, secret)
}
