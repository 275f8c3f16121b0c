//! What may go wrong with a dependency.

use tr_domain::Faults;
use tr_store::StoreError;

use crate::error::{Denied, use_case_error};
use crate::idempotency::IdempotencyError;

/// Why something is not done with a dependency.
#[derive(Debug, thiserror::Error)]
pub enum DependencyError {
    /// Not there, not allowed, or another revision.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The values are wrong.
    #[error(transparent)]
    Invalid(#[from] Faults),
    /// The two are linked already.
    #[error("the two items are linked already")]
    Exists,
    /// The link would close a circle.
    #[error("the link would close a circle")]
    Circle,
    /// The key of the request.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

use_case_error!(DependencyError);
