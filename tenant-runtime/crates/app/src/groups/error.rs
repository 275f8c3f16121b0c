//! What may go wrong with a group.

use tr_domain::Faults;
use tr_domain::access::ExternalRule;
use tr_store::StoreError;

use crate::error::{Denied, use_case_error};
use crate::idempotency::IdempotencyError;

/// Why something is not done with a group.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// Not there, not allowed, or another revision.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The values are wrong.
    #[error(transparent)]
    Invalid(#[from] Faults),
    /// System groups follow from roles.
    #[error("system groups cannot be changed: their members follow from role")]
    System,
    /// Another group has the name.
    #[error("there is a group of this name")]
    NameTaken,
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

use_case_error!(GroupError);
