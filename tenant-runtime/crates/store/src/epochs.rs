//! How often what is in a grid has changed: the version under which answers computed from it are
//! kept. Whoever changes something bumps it in the same transaction.

use kernel::{LabelId, WorkItemId};
use sea_orm::ConnectionTrait;
use tr_domain::access::{Level, Viewer};

use crate::StoreError;
use crate::access::{level, level_on};
use crate::sql::Sql;

/// Notes that what is in a grid changes.
///
/// # Errors
/// When the database fails.
pub async fn bump(conn: &impl ConnectionTrait, grid: WorkItemId) -> Result<(), StoreError> {
    Sql::new(
        "INSERT INTO cache_epochs (scope, version) VALUES (?, 1) \
         ON DUPLICATE KEY UPDATE version = version + 1",
    )
    .bind(grid.as_uuid())
    .run(conn)
    .await
    .map(drop)
}

/// Notes that what is in the grids changes in which a label is used.
///
/// # Errors
/// When the database fails.
pub async fn bump_where_labelled(
    conn: &impl ConnectionTrait,
    label: LabelId,
) -> Result<(), StoreError> {
    Sql::new(
        "INSERT INTO cache_epochs (scope, version) \
         SELECT DISTINCT i.grid_id, 1 FROM work_item_labels l \
         JOIN work_items i ON i.id = l.work_item_id WHERE l.label_id = ? ORDER BY i.grid_id \
         ON DUPLICATE KEY UPDATE version = cache_epochs.version + 1",
    )
    .bind(label.as_uuid())
    .run(conn)
    .await
    .map(drop)
}

/// A live grid as its readers find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GridVersion {
    /// What the viewer may do with it.
    pub level: Option<Level>,
    /// How often what is in it has changed.
    pub version: u64,
}

/// A live grid's version and the viewer's level on it, in one statement.
///
/// # Errors
/// When the database fails.
pub async fn of_grid(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    grid: WorkItemId,
) -> Result<Option<GridVersion>, StoreError> {
    Sql::new("SELECT ")
        .append(level_on(viewer, "i.id"))
        .text(
            ", CAST(COALESCE(e.version, 0) AS UNSIGNED) FROM work_items i LEFT JOIN cache_epochs e ON e.scope = i.id \
             WHERE i.id = ? AND i.kind = 'grid' AND i.deleted_at IS NULL",
        )
        .bind(grid.as_uuid())
        .one(conn, |c| {
            Ok(GridVersion {
                level: level(c)?,
                version: c.get()?,
            })
        })
        .await
}
