//! What a refused node is told.

use cp_app::nodes::NodeError;
use web::{ApiError, ProblemCode};

/// When to ask again while the central database is away, in seconds.
const RETRY_AFTER: u32 = 1;

/// The problem of an error.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` takes")]
pub(super) fn problem(error: NodeError) -> ApiError {
    match error {
        NodeError::Unauthenticated | NodeError::OtherNode => {
            ApiError::new(ProblemCode::NodeUnauthenticated)
        }
        NodeError::OtherRing(_) | NodeError::NameTaken => {
            ApiError::new(ProblemCode::Conflict).detail(error.to_string())
        }
        NodeError::Rule(_) => ApiError::new(ProblemCode::RuleBroken).detail(error.to_string()),
        NodeError::NotRegistered | NodeError::Unknown | NodeError::NoPlacement => {
            ApiError::new(ProblemCode::NotFound).detail(error.to_string())
        }
        NodeError::Store(_) | NodeError::Keys(_) => ApiError::new(ProblemCode::Unavailable)
            .retry_after(RETRY_AFTER)
            .because(&error),
        NodeError::Seal(_) => ApiError::internal(&error),
    }
}
