//! Refusals that every aggregate shares. The checks come in one order: there (404), allowed (403),
//! precondition given (428), precondition holds (412), and only then the values (422).

use kernel::{IfMatch, Revision};
use tr_domain::access::{Level, Refusal, require};
use tr_store::StoreError;

use crate::idempotency::IdempotencyError;

/// Why a thing is not read or changed, whatever the values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It is not there, or the caller may not see it.
    #[error("there is no such thing")]
    NotFound,
    /// The caller sees it and may not do this.
    #[error("you may see this, but not do that")]
    Forbidden,
    /// The change must say which revision it is for.
    #[error("If-Match is required")]
    PreconditionRequired,
    /// The thing has another revision by now.
    #[error("it was changed meanwhile")]
    PreconditionFailed {
        /// The present one.
        current: Revision,
    },
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unseen => Self::NotFound,
            Refusal::Forbidden => Self::Forbidden,
        }
    }
}

/// Whether the level suffices.
pub(crate) fn allow(level: Option<Level>, needed: Level) -> Result<Level, Denied> {
    Ok(require(level, needed)?)
}

/// For changes that must say which revision they are for.
pub(crate) fn matches(if_match: IfMatch, current: Revision) -> Result<(), Denied> {
    if if_match == IfMatch::Missing {
        return Err(Denied::PreconditionRequired);
    }
    may_match(if_match, current)
}

/// For changes that may say it.
pub(crate) fn may_match(if_match: IfMatch, current: Revision) -> Result<(), Denied> {
    if if_match.holds(current) {
        Ok(())
    } else {
        Err(Denied::PreconditionFailed { current })
    }
}

/// What the transaction runner must know of the error of a use case.
pub(crate) trait UseCaseError: From<StoreError> + From<IdempotencyError> {
    /// The failure of the store that it stems from, if any.
    fn store(&self) -> Option<&StoreError>;
}

/// Tells the transaction runner where an error keeps the store's.
macro_rules! use_case_error {
    ($error:ty) => {
        impl $crate::error::UseCaseError for $error {
            fn store(&self) -> Option<&tr_store::StoreError> {
                if let Self::Store(error) = self {
                    Some(error)
                } else {
                    None
                }
            }
        }
    };
}
pub(crate) use use_case_error;
