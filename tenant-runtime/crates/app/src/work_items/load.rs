//! Loading an item for a change: locked, live, seen.

use db::TenantDb;
use kernel::WorkItemId;
use tr_domain::WorkItemKind;
use tr_store::StoreError;
use tr_store::locks::lock_structure;
use tr_store::work_items::{self as store, ItemRow, Located};

use super::error::WorkItemError;
use crate::error::Denied;
use crate::unit::Unit;

/// Where an item is, to know what to lock; read before the transaction.
pub(super) async fn locate(
    db: &TenantDb,
    id: WorkItemId,
) -> Result<Option<Located>, WorkItemError> {
    Ok(store::locate(db.conn(), id).await?)
}

/// Locks the item's grid, and the structure for a grid itself.
pub(super) async fn lock(unit: &mut Unit<'_>, located: Located) -> Result<(), WorkItemError> {
    if located.kind == WorkItemKind::Grid {
        lock_structure(unit.conn()).await?;
    }
    Ok(unit.lock_grids(&[located.grid_id]).await?)
}

/// The live item, locked; one that the caller does not see is not found.
pub(super) async fn locked(
    unit: &mut Unit<'_>,
    located: Option<Located>,
    id: WorkItemId,
) -> Result<ItemRow, WorkItemError> {
    let located = located.ok_or(Denied::NotFound)?;
    lock(unit, located).await?;
    let item = seen(unit, id).await?.ok_or(Denied::NotFound)?;
    still_there(&item, located)?;
    Ok(item)
}

/// The live item, when the caller sees it.
pub(super) async fn seen(unit: &Unit<'_>, id: WorkItemId) -> Result<Option<ItemRow>, StoreError> {
    let item = store::find(unit.conn(), &unit.viewer, id).await?;
    Ok(item.filter(|item| item.level.is_some()))
}

/// The item as it is now, whether or not the caller may see where it has gone.
pub(super) async fn again(unit: &Unit<'_>, id: WorkItemId) -> Result<ItemRow, WorkItemError> {
    let item = store::find(unit.conn(), &unit.viewer, id).await?;
    Ok(item.ok_or(Denied::NotFound)?)
}

/// The item is where it was when it was decided what to lock.
pub(super) fn still_there(item: &ItemRow, located: Located) -> Result<(), StoreError> {
    if item.grid_id == located.grid_id {
        Ok(())
    } else {
        Err(StoreError::Stale)
    }
}
