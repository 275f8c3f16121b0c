//! Proving who one is, on a tenant's host and on the one of people alike, and why it fails.

use cp_app::{
    Client,
    admission::{AdmissionError, CompletionError, complete_second_factor},
    attempts::TooManyAttempts,
    factors::{FactorError, FactorProof},
    people::{self, PersonAdmission, PersonSignIn},
    sign_in::{self, SignIn, SignInError, SignedIn},
};
use cp_domain::{Email, access_policy};
use secrecy::SecretString;
use web::{ApiError, ProblemCode};

use super::{
    arrival::{Arrived, Outcome, Waiting},
    place::{Frame, Place},
};
use crate::auth::problems;

/// Why a proof does not lead in.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It is wrong. It is not said what of it.
    Wrong,
    /// It has to wait so many seconds.
    TooMany(u32),
    /// The tenant's provider is the only way in.
    SsoOnly,
    /// A rule of an access policy refuses the client.
    Policy(&'static str),
    /// Nothing waits for it any more.
    Over,
    /// The authenticator is closed after too many wrong codes.
    Closed,
    /// Something failed.
    Fault(ApiError),
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Wrong => Self::new(ProblemCode::InvalidCredentials),
            Refusal::TooMany(retry_after) => problems::too_many(TooManyAttempts { retry_after }),
            Refusal::SsoOnly | Refusal::Policy(_) => Self::new(ProblemCode::PolicyRefused),
            Refusal::Over => Self::new(ProblemCode::Unauthenticated),
            Refusal::Closed => Self::new(ProblemCode::Forbidden),
            Refusal::Fault(error) => error,
        }
    }
}

/// What a refusal is called in the address of its page.
pub(super) const fn rule_of(refusal: &access_policy::Refusal) -> &'static str {
    refusal.rule.as_str()
}

impl From<SignInError> for Refusal {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::InvalidCredentials => Self::Wrong,
            SignInError::TooMany(wait) => Self::TooMany(wait.retry_after),
            SignInError::Admission(AdmissionError::SsoEnforced) => Self::SsoOnly,
            SignInError::Admission(AdmissionError::Refused(refusal)) => {
                Self::Policy(rule_of(&refusal))
            }
            other => Self::Fault(problems::sign_in(other)),
        }
    }
}

impl From<FactorError> for Refusal {
    fn from(error: FactorError) -> Self {
        match error {
            FactorError::Wrong => Self::Wrong,
            FactorError::Closed => Self::Closed,
            FactorError::TooMany(wait) => Self::TooMany(wait.retry_after),
            FactorError::Store(error) => Self::Fault(problems::store(&error)),
            error => Self::Fault(ApiError::internal(&error)),
        }
    }
}

impl From<CompletionError> for Refusal {
    fn from(error: CompletionError) -> Self {
        match error {
            CompletionError::NotPending => Self::Over,
            CompletionError::Factor(error) => error.into(),
            CompletionError::Store(error) => Self::Fault(problems::store(&error)),
        }
    }
}

/// By e-mail and password.
pub(super) async fn by_password(
    frame: &Frame,
    arrived: &Arrived,
    email: &Email,
    password: SecretString,
    client: Client,
) -> Result<Outcome, Refusal> {
    match &frame.place {
        Place::Tenant(tenant) => {
            let command = SignIn {
                tenant: tenant.tenant_id,
                email: email.clone(),
                password,
                client,
                replaces: arrived.member(),
            };
            Ok(sign_in::sign_in(&frame.auth, command).await?.into())
        }
        Place::People => {
            let command = PersonSignIn {
                email: email.clone(),
                password,
                client,
                replaces: arrived.person(),
            };
            Ok(people::sign_in(&frame.auth, command).await?.into())
        }
    }
}

impl From<PersonAdmission> for Outcome {
    fn from(admission: PersonAdmission) -> Self {
        match admission {
            PersonAdmission::SignedIn(signed_in) => {
                Self::signed_in(signed_in.cookie, signed_in.device)
            }
            PersonAdmission::SecondFactorDue(pending) => Self::second_factor_due(pending.cookie),
        }
    }
}

/// By the second factor that is due.
pub(super) async fn by_factor(
    frame: &Frame,
    waiting: &Waiting,
    proof: FactorProof<'_>,
    client: &Client,
) -> Result<Outcome, Refusal> {
    match waiting {
        Waiting::Member(pending) => {
            let done = complete_second_factor(&frame.auth, pending, proof, client).await?;
            let SignedIn { cookie, device, .. } = done;
            Ok(Outcome::signed_in(cookie, device))
        }
        Waiting::Person(person) => {
            let done =
                people::complete_second_factor(&frame.auth, &person.access, proof, client).await?;
            Ok(Outcome::signed_in(done.cookie, done.device))
        }
    }
}
