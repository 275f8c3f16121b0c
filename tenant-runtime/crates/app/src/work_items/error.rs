//! What may go wrong with a work item.

use tr_domain::Faults;
use tr_domain::completion::Hindrance;
use tr_store::StoreError;

use crate::error::{Denied, use_case_error};
use crate::idempotency::IdempotencyError;

/// Why something is not done with a work item.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WorkItemError {
    /// Not there, not allowed, or another revision.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The values are wrong.
    #[error(transparent)]
    Invalid(#[from] Faults),
    /// It cannot be completed or reopened now.
    #[error(transparent)]
    Hindered(#[from] Hindrance),
    /// What it lies in is deleted.
    #[error("what it lies in is deleted: bring that back first")]
    ParentDeleted,
    /// It was deleted with what it lay in.
    #[error("it was deleted with what it lay in: bring that back")]
    DeletedWithParent,
    /// Deleted for longer than 30 days.
    #[error("it was deleted more than 30 days ago")]
    DeletedTooLongAgo,
    /// Too much is being computed; later, it may work.
    #[error("too much is being computed")]
    Busy,
    /// The key of the request.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

use_case_error!(WorkItemError);
