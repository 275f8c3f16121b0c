//! What is dangerous wants a person who proved a moment ago who they are.

use chrono::TimeDelta;
use cp_domain::{Factor, SignInMethod};
use cp_store::{FactorStore, PersonStore, StoreError};
use kernel::ConnectionId;
use sea_orm::DatabaseTransaction;
use secrecy::SecretString;

use crate::{
    Auth, Client,
    attempts::TooManyAttempts,
    factors::{FactorChangeError, FactorError, FactorProof, FactorUse, check_factor_for, rotate},
    passwords::PasswordError,
    sessions::CachedSession,
    sign_in::SignedIn,
};

/// How long a proof counts.
pub const STEP_UP_LIFE: TimeDelta = TimeDelta::minutes(10);

/// The person has to confirm who they are first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this needs a recent confirmation of who you are")]
pub struct StepUpRequired;

/// Asks for a recent proof.
///
/// # Errors
/// When the last one is too old, or it is a token, which proves nobody.
pub fn require(auth: &Auth, session: &CachedSession) -> Result<(), StepUpRequired> {
    let now = auth.clock.now();
    match session.confirmed_at {
        Some(confirmed_at) if now - confirmed_at <= STEP_UP_LIFE => Ok(()),
        _ => Err(StepUpRequired),
    }
}

/// The session came through a tenant's provider. Who runs that provider could be anybody of its
/// people, here; so it has no say in what is good in other tenants too: the person's own address
/// and factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "You came through your organisation's provider. Sign in with your own password or passkey to \
     change what is yours in every workspace."
)]
pub struct CameByProvider;

/// Asks for a session that the person opened with something of their own.
///
/// # Errors
/// When it came through a provider.
pub const fn refuse_provider(session: &CachedSession) -> Result<(), CameByProvider> {
    match session.method {
        Some(SignInMethod::Sso) => Err(CameByProvider),
        _ => Ok(()),
    }
}

/// What somebody confirms with.
#[derive(Debug)]
pub enum Confirmation<'a> {
    /// The password, for who has no second factor.
    Password(&'a SecretString),
    /// The second factor.
    Factor(FactorProof<'a>),
}

/// How somebody may confirm who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmationMethods {
    /// With the password.
    pub password: bool,
    /// With second factors of these kinds. Recovery codes are taken where there is any.
    pub factors: Vec<Factor>,
    /// At the identity provider through which they came: the only way for who has nothing else.
    pub provider: Option<ConnectionId>,
}

/// Why somebody is not confirmed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmationError {
    /// The password is wrong.
    #[error("the password is wrong")]
    WrongPassword,
    /// The person has a second factor: the password is not enough.
    #[error("the second factor is needed")]
    FactorNeeded,
    /// The session has ended, or it is a token.
    #[error("no session that can do this")]
    NoSession,
    /// The second factor is refused.
    #[error(transparent)]
    Factor(#[from] FactorError),
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

/// How the person of a session may confirm who they are.
///
/// # Errors
/// When the database fails.
pub async fn methods(
    auth: &Auth,
    session: &CachedSession,
) -> Result<ConfirmationMethods, StoreError> {
    let conn = auth.central.conn();
    let factors = FactorStore::get(conn, session.person_id).await?.factors;
    let person = PersonStore::find(conn, session.person_id).await?;
    let has_password = person.is_some_and(|person| person.password_hash.is_some());
    let password = has_password && !factors.any();
    Ok(ConfirmationMethods {
        password,
        factors: factors.methods(),
        provider: session.connection.filter(|_| !password && !factors.any()),
    })
}

/// Confirms who somebody is. Their session goes on with another cookie.
///
/// # Errors
/// When the proof is wrong, or something failed.
pub async fn confirm(
    auth: &Auth,
    session: &CachedSession,
    confirmation: Confirmation<'_>,
    client: &Client,
) -> Result<SignedIn, ConfirmationError> {
    match confirmation {
        Confirmation::Password(password) => {
            check_password(auth, session, password, client).await?;
            let tx = auth.central.begin().await.map_err(StoreError::from)?;
            let signed_in = rotate(&tx, auth, session, false, client).await?;
            finish(auth, tx, session, signed_in).await
        }
        Confirmation::Factor(proof) => {
            let person = session.person_id;
            let checked = check_factor_for(auth, FactorUse::StepUp, person, proof, client).await?;
            let tx = auth.central.begin().await.map_err(StoreError::from)?;
            checked.use_up(&tx, auth).await?;
            let signed_in = rotate(&tx, auth, session, true, client).await?;
            let signed_in = finish(auth, tx, session, signed_in).await?;
            checked.succeeded(auth).await;
            Ok(signed_in)
        }
    }
}

/// Confirms who just proved themselves anew at the provider of their session. Their session goes
/// on with another cookie.
///
/// # Errors
/// When the session has ended or something failed.
pub async fn confirm_by_provider(
    auth: &Auth,
    session: &CachedSession,
    client: &Client,
) -> Result<SignedIn, ConfirmationError> {
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let signed_in = rotate(&tx, auth, session, false, client).await?;
    finish(auth, tx, session, signed_in).await
}

async fn check_password(
    auth: &Auth,
    session: &CachedSession,
    password: &SecretString,
    client: &Client,
) -> Result<(), ConfirmationError> {
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    if FactorStore::get(conn, session.person_id)
        .await?
        .factors
        .any()
    {
        return Err(ConfirmationError::FactorNeeded);
    }
    let person = PersonStore::find(conn, session.person_id).await?;
    let person = person.ok_or(StoreError::Missing("person"))?;
    let attempt = auth
        .attempts
        .password("person", &person.email, &client.address, now)
        .await?;
    let kept = person.password_hash.as_deref();
    if !auth.check_password(&attempt, password, kept).await?.matches {
        return Err(ConfirmationError::WrongPassword);
    }
    auth.attempts.succeeded(attempt, now).await;
    Ok(())
}

async fn finish(
    auth: &Auth,
    tx: DatabaseTransaction,
    session: &CachedSession,
    signed_in: SignedIn,
) -> Result<SignedIn, ConfirmationError> {
    tx.commit().await.map_err(StoreError::from)?;
    auth.directory.member_changed(session.member_id).await;
    Ok(signed_in)
}

impl From<FactorChangeError> for ConfirmationError {
    fn from(error: FactorChangeError) -> Self {
        match error {
            FactorChangeError::Store(error) => Self::Store(error),
            _ => Self::NoSession,
        }
    }
}
