//! Work items of all six kinds.

mod complete;
mod create;
mod delete;
mod error;
mod grid_grants;
mod list;
mod load;
mod move_item;
mod order;
mod patch;
mod place;
mod read;
mod references;
mod reopen;
mod roll_up;
mod undelete;

pub use complete::{CompleteWorkItem, complete_work_item};
pub use create::{CreateWorkItem, create_work_item};
pub use delete::delete_work_item;
pub use error::WorkItemError;
pub use list::{WorkItemFilter, list_work_items};
pub use move_item::{MoveWorkItem, move_work_item};
pub use patch::{PatchWorkItem, patch_work_item};
pub use read::get_work_item;
pub use reopen::reopen_work_item;
pub use tr_store::work_items::Sort as WorkItemSort;
pub use undelete::undelete_work_item;

pub(crate) use grid_grants::{as_seen_by_owner, copy_from, give, grant_changes, leave_own};
pub(crate) use undelete::KEPT;
