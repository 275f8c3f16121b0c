//! Groups of members: internal members read them, architects keep the custom ones.

mod error;
mod keep;
mod list;
mod members;

pub use error::GroupError;
pub use keep::{CreateGroup, PatchGroup, create_group, delete_group, patch_group};
pub use list::{get_group, list_groups};
pub use members::{add_group_member, list_group_members, remove_group_member};

use kernel::GroupId;
use tr_store::groups::{self as store, GroupRow};
use tr_store::locks::lock_structure;

use crate::error::Denied;
use crate::unit::Unit;

/// The custom group, locked, when the caller may change it.
async fn locked(unit: &Unit<'_>, id: GroupId) -> Result<GroupRow, GroupError> {
    lock_structure(unit.conn()).await?;
    let row = store::find(unit.conn(), id)
        .await?
        .filter(|_| !unit.viewer.external);
    let row = row.ok_or(Denied::NotFound)?;
    may_keep(unit)?;
    Ok(row)
}

/// System groups are read-only.
fn custom(row: &GroupRow) -> Result<(), GroupError> {
    if row.system.is_some() {
        Err(GroupError::System)
    } else {
        Ok(())
    }
}

fn may_keep(unit: &Unit<'_>) -> Result<(), Denied> {
    if unit.viewer.everything {
        Ok(())
    } else {
        Err(Denied::Forbidden)
    }
}
