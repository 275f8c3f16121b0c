//! Second factors of people: checking one, and using it up.
//!
//! A check counts before it looks, so that parallel tries are seen. What was found right is used
//! up in the transaction that acts on it: of several requests with one code, one gets through.

mod enrol;
mod holder;
mod overview;
pub mod passkeys;
mod recovery;

pub use enrol::{
    NewAuthenticator, begin_totp, confirm_totp, remove_totp, renew_recovery_codes, waiting_totp,
};
pub(crate) use holder::rotate;
pub use holder::{Enrolled, FactorChangeError, FactorHolder};
pub use overview::{FactorOverview, overview};
pub use passkeys::{PasskeyAnswer, PasskeyError};
pub use recovery::hash_recovery_code;

use chrono::{DateTime, Utc};
use cp_domain::{Factor, Factors, TokenHash, totp_digits};
use cp_store::{
    AuditActor, AuditEvent, AuditStore, CeremonyPurpose, FactorStore, PersonStore, StoreError,
    seal::{Purpose, SealError},
};
use kernel::PersonId;
use sea_orm::DatabaseTransaction;
use secrecy::ExposeSecret as _;

use crate::{
    Auth, Client,
    attempts::{Attempt, TooManyAttempts},
    mail::{self, QueueError},
    staff::totp,
};
use passkeys::{ProvenPasskey, check_passkey};

/// What somebody gives as second factor.
#[derive(Debug)]
pub enum FactorProof<'a> {
    /// A code of the authenticator, as typed.
    Totp(&'a str),
    /// A recovery code, as typed.
    Recovery(&'a str),
    /// The answer of a passkey.
    Passkey(&'a PasskeyAnswer),
}

/// What a second factor is given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorUse {
    /// A sign-in.
    SignIn,
    /// Confirming who one is.
    StepUp,
}

/// What a person has.
///
/// # Errors
/// When the database fails.
pub async fn own_factors(auth: &Auth, person: PersonId) -> Result<Factors, StoreError> {
    Ok(FactorStore::get(auth.central.conn(), person).await?.factors)
}

/// Why a second factor is refused.
#[derive(Debug, thiserror::Error)]
pub enum FactorError {
    /// It is wrong, was used, or the person has none of the kind.
    #[error("the code is wrong or was used")]
    Wrong,
    /// Too many wrong codes: the authenticator is closed. Recovery codes and passkeys are not.
    #[error("the authenticator is closed after too many wrong codes")]
    Closed,
    /// Too many attempts.
    #[error(transparent)]
    TooMany(#[from] TooManyAttempts),
    /// The passkey is refused.
    #[error(transparent)]
    Passkey(#[from] PasskeyError),
    /// The kept secret cannot be used.
    #[error("the secret of the second factor cannot be used: {0}")]
    Secret(#[from] SealError),
    /// A mail could not be queued.
    #[error(transparent)]
    Mail(#[from] QueueError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A proof that is right and not used yet.
#[derive(Debug)]
#[must_use = "a proof that is not used up is good again"]
pub struct CheckedFactor {
    person: PersonId,
    found: Found,
    attempt: Attempt,
    at: DateTime<Utc>,
    address: String,
    device: String,
}

#[derive(Debug)]
enum Found {
    Step(u64),
    RecoveryCode(TokenHash),
    Passkey(Box<ProvenPasskey>),
}

/// Checks a person's second factor for a sign-in.
///
/// # Errors
/// When it is wrong or cannot be checked now.
pub async fn check_factor(
    auth: &Auth,
    person: PersonId,
    proof: FactorProof<'_>,
    client: &Client,
) -> Result<CheckedFactor, FactorError> {
    check_factor_for(auth, FactorUse::SignIn, person, proof, client).await
}

/// Checks a person's second factor.
///
/// # Errors
/// When it is wrong or cannot be checked now.
pub async fn check_factor_for(
    auth: &Auth,
    purpose: FactorUse,
    person: PersonId,
    proof: FactorProof<'_>,
    client: &Client,
) -> Result<CheckedFactor, FactorError> {
    let now = auth.clock.now();
    let attempt = auth.attempts.factor(person, &client.address, now).await?;
    let found = match proof {
        FactorProof::Totp(typed) => Found::Step(check_totp(auth, person, typed).await?),
        FactorProof::Recovery(typed) => {
            Found::RecoveryCode(hash_recovery_code(person, typed).ok_or(FactorError::Wrong)?)
        }
        FactorProof::Passkey(answer) => {
            let purpose = match purpose {
                FactorUse::SignIn => CeremonyPurpose::SecondFactor,
                FactorUse::StepUp => CeremonyPurpose::StepUp,
            };
            let proven = check_passkey(auth, purpose, person, answer).await?;
            Found::Passkey(Box::new(proven))
        }
    };
    Ok(CheckedFactor {
        person,
        found,
        attempt,
        at: now,
        address: client.address.clone(),
        device: client.device.clone(),
    })
}

async fn check_totp(auth: &Auth, person: PersonId, typed: &str) -> Result<u64, FactorError> {
    let conn = auth.central.conn();
    let record = FactorStore::get(conn, person).await?;
    let sealed = record.totp_secret.ok_or(FactorError::Wrong)?;
    if !FactorStore::count_code(conn, person).await? {
        return Err(FactorError::Closed);
    }
    matching_step(auth, person, &sealed, typed)
}

/// The step of the sealed secret whose code this is.
fn matching_step(
    auth: &Auth,
    person: PersonId,
    sealed: &[u8],
    typed: &str,
) -> Result<u64, FactorError> {
    let code = totp_digits(typed).ok_or(FactorError::Wrong)?;
    let secret = auth.sealer.open(Purpose::PersonTotp, person, sealed)?;
    let seconds = u64::try_from(auth.clock.now().timestamp()).unwrap_or_default();
    totp::matching_step(secret.expose_secret(), &code, seconds).ok_or(FactorError::Wrong)
}

impl CheckedFactor {
    /// The kind.
    #[must_use]
    pub const fn factor(&self) -> Factor {
        match self.found {
            Found::Step(_) => Factor::Totp,
            Found::RecoveryCode(_) => Factor::RecoveryCode,
            Found::Passkey(_) => Factor::Passkey,
        }
    }

    /// Uses it up, in the transaction that acts on it.
    ///
    /// # Errors
    /// When somebody else was faster, or the code was never one.
    pub async fn use_up(&self, tx: &DatabaseTransaction, auth: &Auth) -> Result<(), FactorError> {
        let used = match &self.found {
            Found::Step(step) => FactorStore::use_step(tx, self.person, *step).await?,
            Found::RecoveryCode(code) => {
                FactorStore::use_recovery_code(tx, self.person, code, self.at).await?
            }
            Found::Passkey(proven) => proven.use_up(tx, auth).await?,
        };
        if !used {
            return Err(FactorError::Wrong);
        }
        if let Found::RecoveryCode(_) = self.found {
            self.tell(tx, auth).await?;
        }
        Ok(())
    }

    /// Takes the attempt back; to be called after the commit.
    pub async fn succeeded(self, auth: &Auth) {
        if let Found::RecoveryCode(_) = self.found {
            auth.mail_nudge.notify_one();
        }
        auth.attempts.succeeded(self.attempt, self.at).await;
    }

    /// A recovery code is for emergencies: its owner hears of every use.
    async fn tell(&self, tx: &DatabaseTransaction, auth: &Auth) -> Result<(), FactorError> {
        let left = FactorStore::get(tx, self.person)
            .await?
            .factors
            .recovery_codes;
        let event = AuditEvent {
            actor: AuditActor::Person(self.person),
            action: "factor.use_recovery_code",
            tenant: None,
            object: Some(self.person.as_uuid()),
            detail: serde_json::json!({ "left": left, "address": self.address }),
            request_id: None,
        };
        AuditStore::insert(tx, auth.clock.new_uuid(), event, self.at).await?;
        let person = PersonStore::find(tx, self.person).await?;
        let person = person.ok_or(StoreError::Missing("person"))?;
        let notice = mailer::SecurityNotice {
            name: person.name.clone(),
            subject: "A recovery code was used".to_owned(),
            happened: format!(
                "One of your recovery codes was used in the place of your second factor. {left} \
                 are left."
            ),
            at: self.at,
            address: self.address.clone(),
            device: self.device.clone(),
            advice: "If it was not you, change your password and set up your second factor anew."
                .to_owned(),
        };
        mail::queue_notice(tx, auth, &person, notice).await?;
        Ok(())
    }
}
