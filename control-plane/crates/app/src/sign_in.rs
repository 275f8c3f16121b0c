//! Signing in with e-mail and password. Whatever is wrong, the answer is the same and takes as
//! long: one hash is always computed, and it is never said which part was wrong.

use chrono::TimeDelta;
use cp_domain::{Email, MAX_PASSWORD_BYTES, MemberState};
use cp_store::{Member, MembershipStore, PersonStore, Session, SessionStore, StoreError};
use kernel::{MemberId, SessionId, TenantId};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    Auth, Client,
    attempts::TooManyAttempts,
    passwords::PasswordError,
    secrets::{Minted, mint_opaque},
};

/// What somebody gives to sign in.
#[derive(Debug)]
pub struct SignIn {
    /// The tenant whose host it is.
    pub tenant: TenantId,
    /// The address.
    pub email: Email,
    /// The password.
    pub password: SecretString,
    /// The client.
    pub client: Client,
    /// The session that the request came with: it ends.
    pub replaces: Option<(MemberId, SessionId)>,
}

/// Somebody is signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// The member.
    pub member: Member,
    /// The value of the cookie.
    pub cookie: SecretString,
    /// The session.
    pub session: Session,
}

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// E-mail or password is wrong, or the person may not enter this tenant.
    #[error("the e-mail or the password is wrong")]
    InvalidCredentials,
    /// Too many attempts.
    #[error(transparent)]
    TooMany(#[from] TooManyAttempts),
    /// Passwords cannot be checked now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Signs somebody in.
///
/// # Errors
/// When they may not, or cannot now.
pub async fn sign_in(auth: &Auth, command: SignIn) -> Result<SignedIn, SignInError> {
    let now = auth.clock.now();
    let SignIn {
        tenant,
        email,
        password,
        client,
        replaces,
    } = command;
    let attempt = auth
        .attempts
        .password("person", &email, &client.address, now)
        .await?;
    let member = MembershipStore::find_by_email(auth.central.conn(), tenant, &email).await?;
    let member = check(auth, &password, member).await?;
    let signed_in = open_session(auth, member, &client).await?;
    auth.attempts.succeeded(attempt, now).await;
    if let Some((member, session)) = replaces
        && crate::sessions::sign_out(auth, member, session)
            .await
            .is_err()
    {
        tracing::warn!("the session that a sign-in replaces could not be ended");
    }
    Ok(signed_in)
}

async fn check(
    auth: &Auth,
    password: &SecretString,
    member: Option<Member>,
) -> Result<Member, SignInError> {
    let plausible = password.expose_secret().len() <= MAX_PASSWORD_BYTES;
    let kept = member
        .as_ref()
        .and_then(|member| member.person.password_hash.as_deref());
    let kept = kept.filter(|_| plausible);
    let verdict = auth.passwords.verify(password, kept).await?;
    let member = member
        .filter(|member| verdict.matches && member.membership.state == MemberState::Active)
        .ok_or(SignInError::InvalidCredentials)?;
    if let (Some(new), Some(old)) = (&verdict.stronger, &member.person.password_hash) {
        let now = auth.clock.now();
        PersonStore::rehash(auth.central.conn(), member.person.id, old, new, now).await?;
    }
    Ok(member)
}

/// Opens a session for a member who has proven who they are.
pub(crate) async fn open_session(
    auth: &Auth,
    member: Member,
    client: &Client,
) -> Result<SignedIn, SignInError> {
    let now = auth.clock.now();
    let Minted { secret, hash } = mint_opaque();
    let session = Session {
        id: auth.clock.new_id(),
        token_hash: hash,
        tenant: member.membership.tenant,
        member: member.membership.member,
        person: member.person.id,
        created_at: now,
        last_seen_at: now,
        expires_at: now + TimeDelta::hours(i64::from(auth.settings.session_hours)),
        revoked_at: None,
        address: client.address.clone(),
        country: client.country.map(String::from),
        device: client.device.clone(),
    };
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    // An archiving that runs now either comes before and is seen, or comes after and sees the row.
    let (tenant, id) = (session.tenant, session.member);
    let member = MembershipStore::find_shared(&tx, tenant, id)
        .await?
        .filter(|member| member.membership.state == MemberState::Active)
        .ok_or(SignInError::InvalidCredentials)?;
    SessionStore::insert(&tx, &session).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(SignedIn {
        member,
        cookie: secret,
        session,
    })
}
