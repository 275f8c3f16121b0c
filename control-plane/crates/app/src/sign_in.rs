//! Signing in with e-mail and password. Whatever is wrong, the answer is the same and takes as
//! long: one hash is always computed, and it is never said which part was wrong.

use chrono::TimeDelta;
use cp_domain::{Email, MAX_PASSWORD_BYTES, MemberState, SignInMethod};
use cp_store::{
    KnownDeviceStore, Member, MembershipStore, Person, PersonStore, Session, StoreError,
};
use kernel::{MemberId, SessionId, TenantId};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    Auth, Client,
    admission::{Admission, AdmissionError, Proven, admit},
    attempts::{Attempt, TooManyAttempts},
    factors::FactorError,
    passwords::PasswordError,
};

/// How long a browser is known that is not used.
const DEVICE_LIFE: TimeDelta = TimeDelta::days(365);

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
    /// The value of the device cookie, when the browser is to get a new one.
    pub device: Option<SecretString>,
}

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// E-mail or password is wrong, or the person may not enter this tenant.
    #[error("the e-mail or the password is wrong")]
    InvalidCredentials,
    /// The passkey is refused, or the second factor.
    #[error(transparent)]
    Factor(#[from] FactorError),
    /// Both are right, and do not lead in.
    #[error(transparent)]
    Admission(AdmissionError),
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

impl From<AdmissionError> for SignInError {
    fn from(error: AdmissionError) -> Self {
        match error {
            AdmissionError::NotAdmitted => Self::InvalidCredentials,
            AdmissionError::Store(error) => Self::Store(error),
            other => Self::Admission(other),
        }
    }
}

/// Signs somebody in, as far as a password leads.
///
/// # Errors
/// When they may not, or cannot now.
pub async fn sign_in(auth: &Auth, command: SignIn) -> Result<Admission, SignInError> {
    let now = auth.clock.now();
    let SignIn {
        tenant,
        email,
        password,
        client,
        replaces,
    } = command;
    let attempt = begin_attempt(auth, &email, &client).await?;
    let member = MembershipStore::find_by_email(auth.central.conn(), tenant, &email).await?;
    let member = check(auth, &attempt, &password, member).await?;
    let proven = Proven {
        tenant,
        person: member.person.id,
        method: SignInMethod::Password,
        second_factor: false,
        provider: None,
    };
    let admission = admit(auth, proven, &client, replaces).await?;
    auth.attempts.succeeded(attempt, now).await;
    Ok(admission)
}

/// Counts an attempt to give a person's password. In a browser in which its owner signed in before
/// it is counted apart, so that nobody elsewhere keeps them out.
pub(crate) async fn begin_attempt(
    auth: &Auth,
    email: &Email,
    client: &Client,
) -> Result<Attempt, SignInError> {
    let now = auth.clock.now();
    if let Some(device) = &client.known_device
        && KnownDeviceStore::knows(auth.central.conn(), email, device, now - DEVICE_LIFE).await?
    {
        let attempts = &auth.attempts;
        return Ok(attempts
            .password_on_device("person", email, device, now)
            .await?);
    }
    let address = &client.address;
    Ok(auth
        .attempts
        .password("person", email, address, now)
        .await?)
}

async fn check(
    auth: &Auth,
    attempt: &Attempt,
    password: &SecretString,
    member: Option<Member>,
) -> Result<Member, SignInError> {
    let person = member.as_ref().map(|member| &member.person);
    let right = check_password(auth, attempt, password, person).await?;
    member
        .filter(|member| right && member.membership.state == MemberState::Active)
        .ok_or(SignInError::InvalidCredentials)
}

/// Whether it is the password of this person; of nobody, it takes as long. A hash of weaker
/// parameters than ours is replaced.
///
/// # Errors
/// When it cannot be checked now.
pub(crate) async fn check_password(
    auth: &Auth,
    attempt: &Attempt,
    password: &SecretString,
    person: Option<&Person>,
) -> Result<bool, SignInError> {
    let plausible = password.expose_secret().len() <= MAX_PASSWORD_BYTES;
    let kept = person.and_then(|person| person.password_hash.as_deref());
    let kept_or_dummy = kept.filter(|_| plausible);
    let verdict = auth
        .check_password(attempt, password, kept_or_dummy)
        .await?;
    if let (Some(new), Some(old), Some(person)) = (&verdict.stronger, kept, person) {
        let now = auth.clock.now();
        PersonStore::rehash(auth.central.conn(), person.id, old, new, now).await?;
    }
    Ok(verdict.matches)
}
