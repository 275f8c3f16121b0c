//! What the pages of second factors have in common: the password that is asked for before the last
//! one goes, the cookie that comes after a new one, and how the use cases' errors are told.

use actix_web::HttpResponse;
use cp_app::{
    factors::{FactorChangeError, FactorError, PasskeyError},
    mail::QueueError,
    sign_in::SignedIn,
};
use ui::Field;
use web::{ApiError, ProblemCode};

use crate::auth::{
    cookies::signed_in_cookies,
    pages::{Faults, Seat},
    problems,
};

/// The answer with the cookies of the session that goes on.
pub(super) fn with_cookies(
    seat: &Seat,
    signed_in: &SignedIn,
    mut answer: HttpResponse,
) -> Result<HttpResponse, ApiError> {
    for cookie in signed_in_cookies(&seat.auth, signed_in) {
        answer
            .add_cookie(&cookie)
            .map_err(|error| ApiError::internal(&error))?;
    }
    Ok(answer)
}

/// Asks for the password before the last second factor goes: it has to stand alone then.
pub(super) fn password_for_removal(seat: &Seat, last: bool, faults: &Faults) -> Option<Field> {
    let asked = last && seat.member.person.password_hash.is_some();
    asked.then(|| {
        Field::password("password", "Your password", "current-password")
            .hint("Without a second factor it has to have 15 characters or more.")
            .error(faults.of("password"))
    })
}

/// What somebody can do better before a factor is removed; other errors go on.
pub(super) fn removal_faults(error: FactorChangeError) -> Result<Faults, ApiError> {
    let (field, message) = match error {
        FactorChangeError::PasswordNeeded => ("password", "Enter your password."),
        FactorChangeError::PasswordTooShort => (
            "password",
            "Your password is too short to stand alone. Change it first to one of 15 characters \
             or more.",
        ),
        FactorChangeError::Factor(FactorError::Wrong) => ("password", "This is not your password."),
        FactorChangeError::Required => (
            "",
            "A workspace that you belong to requires a second factor, and this is your only one. \
             Add another one first.",
        ),
        other => return Err(outside(other)),
    };
    Ok(Faults::field(field, message))
}

/// What is told of an error that no form can mend.
pub(super) fn outside(error: FactorChangeError) -> ApiError {
    match error {
        FactorChangeError::StepUp(error) => problems::step_up(error),
        FactorChangeError::ByProvider(error) => problems::by_provider(error),
        FactorChangeError::NoSession => ApiError::new(ProblemCode::Unauthenticated),
        FactorChangeError::NotFound => ApiError::new(ProblemCode::NotFound),
        FactorChangeError::Required
        | FactorChangeError::PasswordNeeded
        | FactorChangeError::PasswordTooShort
        | FactorChangeError::TooManyPasskeys => {
            ApiError::new(ProblemCode::RuleBroken).detail(error.to_string())
        }
        FactorChangeError::Factor(error) => problems::factor(error),
        FactorChangeError::Passkey(PasskeyError::Store(error))
        | FactorChangeError::Mail(QueueError::Store(error))
        | FactorChangeError::Store(error) => problems::store(&error),
        FactorChangeError::Passkey(error) => ApiError::internal(&error),
        FactorChangeError::Password(error) => problems::password(&error),
        FactorChangeError::Seal(error) => ApiError::internal(&error),
        FactorChangeError::Mail(error) => ApiError::internal(&error),
    }
}
