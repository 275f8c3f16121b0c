//! What may go wrong with a folder.

use tr_domain::Faults;
use tr_store::StoreError;

use crate::error::{Denied, use_case_error};
use crate::idempotency::IdempotencyError;

/// Why something is not done with a folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Not there, not allowed, or another revision.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The values are wrong.
    #[error(transparent)]
    Invalid(#[from] Faults),
    /// The root and "My grids" are neither moved nor deleted, and "My grids" is not renamed.
    #[error("this folder stays as it is")]
    Fixed,
    /// What it lies in is deleted.
    #[error("what it lies in is deleted: bring that back first")]
    ParentDeleted,
    /// It was deleted with what it lay in.
    #[error("it was deleted with what it lay in: bring that back")]
    DeletedWithParent,
    /// Deleted for longer than 30 days.
    #[error("it was deleted more than 30 days ago")]
    DeletedTooLongAgo,
    /// The key of the request.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

use_case_error!(FolderError);
