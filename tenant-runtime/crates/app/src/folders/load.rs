//! Loading a folder for a change. The whole structure is locked: folders change rarely.

use kernel::FolderId;
use tr_domain::access::Level;
use tr_store::folders::{self as store, FolderRow};
use tr_store::locks::lock_structure;

use super::error::FolderError;
use crate::error::{Denied, allow};
use crate::unit::Unit;

/// The live folder, locked, when the caller has the level. One seen by its name only can be no
/// more than refused.
pub(super) async fn locked(
    unit: &Unit<'_>,
    id: FolderId,
    needed: Level,
) -> Result<FolderRow, FolderError> {
    lock_structure(unit.conn()).await?;
    let row = store::find(unit.conn(), &unit.viewer, id)
        .await?
        .ok_or(Denied::NotFound)?;
    if row.level.is_none() {
        return Err(Denied::Forbidden.into());
    }
    allow(row.level, needed)?;
    Ok(row)
}

/// The folder as it is now.
pub(super) async fn again(unit: &Unit<'_>, id: FolderId) -> Result<FolderRow, FolderError> {
    Ok(store::find(unit.conn(), &unit.viewer, id)
        .await?
        .ok_or(Denied::NotFound)?)
}
