//! One item, and all of a grid.

use kernel::{FolderId, WorkItemId};
use sea_orm::ConnectionTrait;
use tr_domain::WorkItemKind;
use tr_domain::access::Viewer;

use super::row::{ItemRow, read, select};
use crate::StoreError;
use crate::sql::Sql;

/// A live item with what the viewer may do, in one statement. It may be one that they do not see:
/// then `level` is none.
///
/// # Errors
/// When the database fails.
pub async fn find(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    id: WorkItemId,
) -> Result<Option<ItemRow>, StoreError> {
    let sql = select(viewer)
        .text("i.id = ? AND i.deleted_at IS NULL")
        .bind(id.as_uuid());
    sql.one(conn, read).await
}

/// The same, deleted or not.
///
/// # Errors
/// When the database fails.
pub async fn find_any(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    id: WorkItemId,
) -> Result<Option<ItemRow>, StoreError> {
    select(viewer)
        .text("i.id = ?")
        .bind(id.as_uuid())
        .one(conn, read)
        .await
}

/// All live items of a grid but tasks, in order.
///
/// # Errors
/// When the database fails.
pub async fn of_grid(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    grid: WorkItemId,
) -> Result<Vec<ItemRow>, StoreError> {
    let sql = select(viewer)
        .text("i.grid_id = ? AND i.deleted_at IS NULL AND i.kind <> 'task' ")
        .bind(grid.as_uuid())
        .text("ORDER BY i.position, i.id");
    sql.all(conn, read).await
}

/// Where an item is: enough to know what to lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct Located {
    pub kind: WorkItemKind,
    pub grid_id: WorkItemId,
    pub folder_id: Option<FolderId>,
}

/// Where an item is, deleted or not.
///
/// # Errors
/// When the database fails.
pub async fn locate(
    conn: &impl ConnectionTrait,
    id: WorkItemId,
) -> Result<Option<Located>, StoreError> {
    Sql::new("SELECT kind, grid_id, folder_id FROM work_items WHERE id = ?")
        .bind(id.as_uuid())
        .one(conn, |c| {
            Ok(Located {
                kind: c.word()?,
                grid_id: c.id()?,
                folder_id: c.id_opt()?,
            })
        })
        .await
}
