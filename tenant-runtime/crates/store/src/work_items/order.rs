//! The order of siblings.

use kernel::{FolderId, WorkItemId};
use sea_orm::ConnectionTrait;
use tr_domain::WorkItemKind;

use crate::StoreError;
use crate::sql::Sql;

/// Items of one kind in one place, which have an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Siblings {
    /// The grids of a folder.
    Grids(FolderId),
    /// The children of a kind of an item.
    Children(WorkItemId, WorkItemKind),
}

impl Siblings {
    fn condition(self, sql: Sql) -> Sql {
        match self {
            Self::Grids(folder) => sql
                .text("folder_id = ? AND kind = 'grid'")
                .bind(folder.as_uuid()),
            Self::Children(parent, kind) => sql
                .text(&format!("parent_id = ? AND kind = '{kind}'"))
                .bind(parent.as_uuid()),
        }
    }
}

/// An item and its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sibling {
    /// The item.
    pub id: WorkItemId,
    /// Its position.
    pub position: i64,
}

/// The live siblings in order.
///
/// # Errors
/// When the database fails.
pub async fn siblings(
    conn: &impl ConnectionTrait,
    place: Siblings,
) -> Result<Vec<Sibling>, StoreError> {
    place
        .condition(Sql::new(
            "SELECT id, position FROM work_items WHERE deleted_at IS NULL AND ",
        ))
        .text(" ORDER BY position, id")
        .all(conn, |c| {
            Ok(Sibling {
                id: c.id()?,
                position: c.get()?,
            })
        })
        .await
}

/// The position of the last sibling, deleted ones too, which may come back.
///
/// # Errors
/// When the database fails.
pub async fn last_position(
    conn: &impl ConnectionTrait,
    place: Siblings,
) -> Result<Option<i64>, StoreError> {
    let sql = place.condition(Sql::new("SELECT MAX(position) FROM work_items WHERE "));
    Ok(sql.one(conn, |c| c.get()).await?.flatten())
}

/// Sets the position of an item.
///
/// # Errors
/// When the database fails.
pub async fn set_position(
    conn: &impl ConnectionTrait,
    id: WorkItemId,
    position: i64,
) -> Result<(), StoreError> {
    Sql::new("UPDATE work_items SET position = ? WHERE id = ?")
        .bind(position)
        .bind(id.as_uuid())
        .run(conn)
        .await
        .map(drop)
}
