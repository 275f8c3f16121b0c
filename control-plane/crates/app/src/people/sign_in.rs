//! Signing in on the host of people. What is checked, and how long it takes, is as on a tenant's
//! host; only the tenant's policy is not asked: it is when the person goes on to the tenant.

use chrono::TimeDelta;
use cp_domain::{Email, SessionStage, SignInMethod};
use cp_store::{
    FactorStore, Person, PersonAccess, PersonSession, PersonSessionStore, PersonStore, StoreError,
};
use kernel::{PersonId, PersonSessionId};
use sea_orm::DatabaseTransaction;
use secrecy::SecretString;

use crate::{
    Auth, Client,
    admission::{CompletionError, PENDING_LIFE, remember_device},
    factors::{
        FactorError, FactorProof, PasskeyAnswer, check_factor, passkeys::check_first_factor,
    },
    secrets::{Minted, mint_opaque},
    sign_in::{SignInError, begin_attempt, check_password},
};

/// What somebody gives to sign in.
#[derive(Debug)]
pub struct PersonSignIn {
    /// The address.
    pub email: Email,
    /// The password.
    pub password: SecretString,
    /// The client.
    pub client: Client,
    /// The session that the request came with: it ends.
    pub replaces: Option<PersonSessionId>,
}

/// A person has a session on their own host.
#[derive(Debug)]
pub struct PersonSignedIn {
    /// The session.
    pub session: PersonSession,
    /// The value of the cookie.
    pub cookie: SecretString,
    /// The value of the device cookie, when the browser is to get a new one.
    pub device: Option<SecretString>,
}

/// How far a person came in.
#[derive(Debug)]
pub enum PersonAdmission {
    /// All the way.
    SignedIn(PersonSignedIn),
    /// The second factor is due.
    SecondFactorDue(PersonSignedIn),
}

/// Signs a person in, as far as a password leads.
///
/// # Errors
/// When they may not, or cannot now.
pub async fn sign_in(auth: &Auth, command: PersonSignIn) -> Result<PersonAdmission, SignInError> {
    let now = auth.clock.now();
    let (email, client) = (&command.email, &command.client);
    let attempt = begin_attempt(auth, email, client).await?;
    let person = PersonStore::find_by_email(auth.central.conn(), email).await?;
    let right = check_password(auth, &attempt, &command.password, person.as_ref()).await?;
    let person: Person = person
        .filter(|_| right)
        .ok_or(SignInError::InvalidCredentials)?;
    let proof = (SignInMethod::Password, false);
    let admission = open(auth, person.id, proof, client, command.replaces).await?;
    auth.attempts.succeeded(attempt, now).await;
    Ok(admission)
}

/// Signs a person in who shows a passkey and nothing else. Its user is verified, so it counts as
/// two factors.
///
/// # Errors
/// When the passkey is refused, or something failed.
pub async fn sign_in_with_passkey(
    auth: &Auth,
    answer: &PasskeyAnswer,
    client: &Client,
    replaces: Option<PersonSessionId>,
) -> Result<PersonAdmission, SignInError> {
    let now = auth.clock.now();
    let attempt = auth.attempts.link(&client.address, now).await?;
    let person = check_first_factor(auth, answer)
        .await
        .map_err(FactorError::from)?;
    auth.attempts.succeeded(attempt, now).await;
    let proof = (SignInMethod::Passkey, true);
    Ok(open(auth, person, proof, client, replaces).await?)
}

async fn open(
    auth: &Auth,
    person: PersonId,
    (method, second_factor): (SignInMethod, bool),
    client: &Client,
    replaces: Option<PersonSessionId>,
) -> Result<PersonAdmission, StoreError> {
    let now = auth.clock.now();
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let factors = FactorStore::get(&tx, person).await?.factors;
    let due = !second_factor && factors.any();
    let stage = if due {
        SessionStage::SecondFactor
    } else {
        SessionStage::Active
    };
    let signed_in = insert(&tx, auth, (person, stage, method, second_factor), client).await?;
    if let Some(before) = replaces {
        PersonSessionStore::revoke(&tx, before, now).await?;
    }
    tx.commit().await.map_err(StoreError::from)?;
    Ok(if due {
        PersonAdmission::SecondFactorDue(signed_in)
    } else {
        PersonAdmission::SignedIn(signed_in)
    })
}

async fn insert(
    tx: &DatabaseTransaction,
    auth: &Auth,
    (person, state, method, second_factor): (PersonId, SessionStage, SignInMethod, bool),
    client: &Client,
) -> Result<PersonSignedIn, StoreError> {
    let now = auth.clock.now();
    let Minted { secret, hash } = mint_opaque();
    let active = state == SessionStage::Active;
    let life = if active {
        TimeDelta::hours(i64::from(auth.settings.session_hours))
    } else {
        PENDING_LIFE
    };
    let session = PersonSession {
        id: auth.clock.new_id(),
        token_hash: hash,
        person,
        state,
        method,
        second_factor,
        confirmed_at: now,
        created_at: now,
        expires_at: now + life,
        address: client.address.clone(),
        country: client.country.map(|country| country.to_string()),
        device: client.device.clone(),
    };
    PersonSessionStore::insert(tx, &session).await?;
    let device = if active {
        remember_device(tx, auth, person, client).await?
    } else {
        None
    };
    Ok(PersonSignedIn {
        session,
        cookie: secret,
        device,
    })
}

/// Checks the second factor and signs in, with a new cookie. Of several that try with one code,
/// one succeeds.
///
/// # Errors
/// When the proof is wrong or used, the session has ended, or something failed.
pub async fn complete_second_factor(
    auth: &Auth,
    pending: &PersonAccess,
    proof: FactorProof<'_>,
    client: &Client,
) -> Result<PersonSignedIn, CompletionError> {
    let now = auth.clock.now();
    if !PersonSessionStore::count_factor(auth.central.conn(), pending.id, now).await? {
        return Err(CompletionError::NotPending);
    }
    let checked = check_factor(auth, pending.person, proof, client).await?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    checked.use_up(&tx, auth).await?;
    if !PersonSessionStore::revoke(&tx, pending.id, now).await? {
        return Err(CompletionError::NotPending);
    }
    let proof = (pending.person, SessionStage::Active, pending.method, true);
    let signed_in = insert(&tx, auth, proof, client).await?;
    tx.commit().await.map_err(StoreError::from)?;
    checked.succeeded(auth).await;
    Ok(signed_in)
}
