//! What may go wrong with a grant.

use tr_domain::Faults;
use tr_domain::access::ExternalRule;
use tr_store::StoreError;

use crate::error::{Denied, use_case_error};
use crate::idempotency::IdempotencyError;

/// Why something is not done with a grant.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// Not there, not allowed, or another revision.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The values are wrong.
    #[error(transparent)]
    Invalid(#[from] Faults),
    /// An external member would manage.
    #[error(transparent)]
    External(#[from] ExternalRule),
    /// The key of the request.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

use_case_error!(GrantError);
