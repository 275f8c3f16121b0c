//! The order in which writers lock, so that they never wait in a circle: the structure (folders,
//! rights, groups, dependencies) first, then grids by id, then anything, the event counter last.
//!
//! Nothing may be read plainly in a transaction before its locks are held: the first plain read
//! fixes the transaction's snapshot.

use kernel::{FolderId, WorkItemId};
use sea_orm::ConnectionTrait;

use crate::StoreError;
use crate::sql::Sql;

/// Locks the structure, and gives the root folder.
///
/// # Errors
/// When the database fails.
pub async fn lock_structure(conn: &impl ConnectionTrait) -> Result<FolderId, StoreError> {
    Sql::new("SELECT root_folder_id FROM tenant WHERE id = 1 FOR UPDATE")
        .one(conn, |c| c.id())
        .await?
        .ok_or_else(|| StoreError::Unreadable("the table tenant has no row".into()))
}

/// Locks grids for whoever changes what is in them.
///
/// # Errors
/// When the database fails.
pub async fn lock_grids(
    conn: &impl ConnectionTrait,
    grids: &[WorkItemId],
) -> Result<(), StoreError> {
    let mut grids = grids.to_vec();
    grids.sort_unstable();
    grids.dedup();
    // One by one: a list is not always locked in its order.
    for grid in grids {
        Sql::new("SELECT 1 FROM work_items WHERE id = ? FOR UPDATE")
            .bind(grid.as_uuid())
            .one(conn, |_| Ok(()))
            .await?;
    }
    Ok(())
}
