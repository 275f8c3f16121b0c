//! Soft deletion of an item with all below it, and the way back. Every row remembers whose deletion
//! took it, so that exactly those come back.

use chrono::{DateTime, Utc};
use kernel::{FolderId, WorkItemId};
use sea_orm::ConnectionTrait;
use tr_domain::WorkItemKind;
use uuid::Uuid;

use crate::StoreError;
use crate::sql::Sql;

/// Deletes an item and what lies in it; gives how many rows there were.
///
/// # Errors
/// When the database fails.
pub async fn delete_subtree(
    conn: &impl ConnectionTrait,
    kind: WorkItemKind,
    id: WorkItemId,
    at: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let inside = match kind {
        WorkItemKind::Grid => "grid_id = ?",
        WorkItemKind::Stage => "(id = ? OR stage_id = ?)",
        WorkItemKind::Theme => "(id = ? OR theme_id = ?)",
        WorkItemKind::Element | WorkItemKind::Gate => "(id = ? OR parent_id = ?)",
        WorkItemKind::Task => "id = ?",
    };
    let mut sql = Sql::new(
        "UPDATE work_items SET deleted_at = ?, deletion = ? WHERE deleted_at IS NULL AND ",
    )
    .bind(at)
    .bind(id.as_uuid())
    .text(inside);
    for _ in inside.matches('?') {
        sql = sql.bind(id.as_uuid());
    }
    Ok(sql.run(conn).await?.rows_affected())
}

/// Deletes all items of the grids in these folders, as part of a folder's deletion.
///
/// # Errors
/// When the database fails.
pub async fn delete_under_folders(
    conn: &impl ConnectionTrait,
    grids: &[WorkItemId],
    deletion: FolderId,
    at: DateTime<Utc>,
) -> Result<u64, StoreError> {
    if grids.is_empty() {
        return Ok(0);
    }
    let sql = Sql::new("UPDATE work_items SET deleted_at = ?, deletion = ? WHERE deleted_at IS NULL AND grid_id IN ")
        .bind(at)
        .bind(deletion.as_uuid())
        .ids(grids.iter().copied());
    Ok(sql.run(conn).await?.rows_affected())
}

/// Brings back what the deletion of an item took. Where the other of an element's stage and theme
/// has been deleted since, the element stays with that one's deletion.
///
/// # Errors
/// When the database fails.
pub async fn undelete(conn: &impl ConnectionTrait, id: WorkItemId) -> Result<u64, StoreError> {
    for other in ["stage_id", "theme_id"] {
        Sql::new(format!(
            "UPDATE work_items i JOIN work_items other ON other.id = i.{other} \
             SET i.deletion = other.deletion, i.deleted_at = other.deleted_at \
             WHERE i.deletion = ? AND other.deletion IS NOT NULL AND other.deletion <> ?"
        ))
        .bind(id.as_uuid())
        .bind(id.as_uuid())
        .run(conn)
        .await?;
    }
    let sql =
        Sql::new("UPDATE work_items SET deleted_at = NULL, deletion = NULL WHERE deletion = ?")
            .bind(id.as_uuid());
    Ok(sql.run(conn).await?.rows_affected())
}

/// Brings back the items that a folder's deletion took.
///
/// # Errors
/// When the database fails.
pub async fn undelete_folders_items(
    conn: &impl ConnectionTrait,
    deletion: Uuid,
) -> Result<u64, StoreError> {
    let sql =
        Sql::new("UPDATE work_items SET deleted_at = NULL, deletion = NULL WHERE deletion = ?")
            .bind(deletion);
    Ok(sql.run(conn).await?.rows_affected())
}
