//! What may go wrong with notifications.

use tr_domain::Faults;
use tr_store::StoreError;

use crate::error::{Denied, use_case_error};
use crate::idempotency::IdempotencyError;

/// Why something is not done with notifications.
#[derive(Debug, thiserror::Error)]
pub enum NotificationError {
    /// Not there, or not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The values are wrong.
    #[error(transparent)]
    Invalid(#[from] Faults),
    /// The key of the request.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

use_case_error!(NotificationError);
