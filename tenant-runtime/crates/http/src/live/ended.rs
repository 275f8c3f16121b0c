//! Why one cannot listen, or no longer.

use std::sync::Arc;

use db::DbError;
use tr_live::LiveError;
use web::{ApiError, ProblemCode};

use crate::failure::Failure;

/// Why listening ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The listener was too slow.
    Slow,
    /// The tenant's events are heard by coming again.
    Moved,
    /// Whether they may go on could not be found out.
    Unsure,
}

impl Ended {
    /// The reason that a client is told.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Slow => "too slow",
            Self::Moved => "moved",
            Self::Unsure => "try again",
        }
    }
}

impl From<LiveError> for Ended {
    fn from(error: LiveError) -> Self {
        Self::from(&error)
    }
}

impl From<Arc<LiveError>> for Ended {
    fn from(error: Arc<LiveError>) -> Self {
        Self::from(&*error)
    }
}

impl From<&LiveError> for Ended {
    fn from(error: &LiveError) -> Self {
        match error {
            LiveError::Db(DbError::Generation { .. }) => Self::Moved,
            // They come again with their last number, and are told that.
            LiveError::TooOld => Self::Slow,
            _ => Self::Unsure,
        }
    }
}

/// Why somebody cannot begin to listen, as an answer.
pub(super) fn failure(error: LiveError) -> Failure {
    match error {
        LiveError::TooOld => ApiError::new(ProblemCode::EventsGone).into(),
        LiveError::Unknown => ApiError::new(ProblemCode::InvalidQuery)
            .detail("there is no event of the number `since` yet")
            .into(),
        LiveError::Db(error) => error.into(),
        LiveError::Store(error) => ApiError::internal(&error).into(),
    }
}
