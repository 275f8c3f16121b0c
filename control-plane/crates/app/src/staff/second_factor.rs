//! The second step: a code of the authenticator, each good once.

use chrono::{TimeDelta, Utc};
use cp_domain::{StaffSessionState, TokenHash, totp_digits};
use cp_store::{
    AuditActor, AuditEvent, AuditStore, Staff, StaffAccess, StaffSession, StaffSessionStore,
    StaffStore, StoreError, seal::Purpose,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{StaffSignInError, sign_in::new_session, totp};
use crate::{Auth, Client, policies::check_staff};

/// What a member of staff gives second.
#[derive(Debug)]
pub struct GiveCode {
    /// The hash of the pending session's cookie.
    pub pending: TokenHash,
    /// The code as typed.
    pub code: String,
    /// The client.
    pub client: Client,
    /// The request, for the audit log.
    pub request_id: String,
}

/// A member of staff is signed in.
#[derive(Debug)]
pub struct StaffSignedIn {
    /// Who.
    pub staff: Staff,
    /// The value of the cookie: another one than that of the pending session.
    pub cookie: SecretString,
    /// When the session ends.
    pub expires_at: chrono::DateTime<Utc>,
}

/// Checks a code and signs in. Of several requests with one code, one succeeds.
///
/// # Errors
/// When the code is wrong or used, or cannot be checked now.
pub async fn give_code(auth: &Auth, command: GiveCode) -> Result<StaffSignedIn, StaffSignInError> {
    prove(auth, command, StaffSessionState::Pending).await
}

/// Checks a code of who is signed in, before what is dangerous. Another session, which ends when
/// the present one would have, takes its place.
///
/// # Errors
/// When the code is wrong or used, or cannot be checked now.
pub async fn confirm_code(
    auth: &Auth,
    command: GiveCode,
) -> Result<StaffSignedIn, StaffSignInError> {
    prove(auth, command, StaffSessionState::Active).await
}

async fn prove(
    auth: &Auth,
    command: GiveCode,
    state: StaffSessionState,
) -> Result<StaffSignedIn, StaffSignInError> {
    let now = auth.clock.now();
    let conn = auth.central.conn();
    let pending =
        StaffSessionStore::find_usable(conn, &command.pending, now - auth.staff.idle(), now)
            .await?
            .filter(|session| session.state == state)
            .ok_or(StaffSignInError::NotPending)?;
    let attempt = auth.attempts.second_factor(pending.staff, now).await?;
    if !StaffStore::count_code(conn, pending.staff).await? {
        return Err(StaffSignInError::Closed);
    }
    let staff = StaffStore::find(conn, pending.staff).await?;
    let staff = staff.ok_or(StaffSignInError::NotPending)?;
    let step = check(auth, &staff, &command.code)?;
    check_staff(auth, staff.id, staff.role, &command.client).await?;
    let signed_in = open(auth, &pending, staff, step, command).await?;
    auth.attempts.succeeded(attempt, now).await;
    Ok(signed_in)
}

fn check(auth: &Auth, staff: &Staff, typed: &str) -> Result<u64, StaffSignInError> {
    let code = totp_digits(typed).ok_or(StaffSignInError::InvalidCredentials)?;
    let secret = auth
        .sealer
        .open(Purpose::StaffTotp, staff.id, &staff.totp_secret)?;
    let seconds = u64::try_from(auth.clock.now().timestamp()).unwrap_or_default();
    totp::matching_step(secret.expose_secret(), &code, seconds)
        .ok_or(StaffSignInError::InvalidCredentials)
}

/// Uses the step up and puts a session of both factors in the place of the pending one.
async fn open(
    auth: &Auth,
    pending: &StaffAccess,
    staff: Staff,
    step: u64,
    command: GiveCode,
) -> Result<StaffSignedIn, StaffSignInError> {
    let now = auth.clock.now();
    let life = TimeDelta::hours(i64::from(auth.settings.staff_session_hours));
    let (expires_at, action) = match pending.state {
        StaffSessionState::Pending => (now + life, "staff.sign_in"),
        StaffSessionState::Active => (pending.expires_at, "staff.confirm"),
    };
    let (session, cookie): (StaffSession, _) = new_session(
        auth,
        &staff,
        StaffSessionState::Active,
        expires_at,
        command.client,
    );
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    if !StaffStore::use_step(&tx, staff.id, step).await? {
        return Err(StaffSignInError::InvalidCredentials);
    }
    if !StaffSessionStore::revoke(&tx, pending.id, now).await? {
        return Err(StaffSignInError::NotPending);
    }
    StaffSessionStore::insert(&tx, &session).await?;
    let event = AuditEvent {
        actor: AuditActor::Staff(staff.id),
        action,
        tenant: None,
        object: Some(staff.id.as_uuid()),
        detail: serde_json::json!({ "address": session.address, "device": session.device }),
        request_id: Some(command.request_id),
    };
    AuditStore::insert(&tx, auth.clock.new_uuid(), event, now).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(StaffSignedIn {
        staff,
        cookie,
        expires_at,
    })
}
