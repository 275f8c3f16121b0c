//! Folders: the tree, and each member's own "My grids" beside it.

use chrono::{DateTime, Utc};
use kernel::{FolderId, Limit, MemberId, Revision, WorkItemId};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};
use tr_domain::access::{Level, Viewer};
use uuid::Uuid;

use crate::StoreError;
use crate::access::{granted_objects, level, level_on};
use crate::entities::folder;
use crate::sql::{Columns, Sql, id_value};

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct FolderRow {
    pub id: FolderId,
    pub parent_id: Option<FolderId>,
    pub owner_id: Option<MemberId>,
    pub name: String,
    pub position: i64,
    pub revision: Revision,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub deleted_at: Option<DateTime<Utc>>,
    pub deletion: Option<Uuid>,
    /// What the viewer may do; none of a folder on the way to something they see.
    pub level: Option<Level>,
}

impl FolderRow {
    /// Whether it is the root or someone's "My grids", which stay where they are.
    #[must_use]
    pub const fn is_fixed(&self) -> bool {
        self.parent_id.is_none()
    }
}

fn read(c: &mut Columns<'_>) -> Result<FolderRow, StoreError> {
    Ok(FolderRow {
        id: c.id()?,
        parent_id: c.id_opt()?,
        owner_id: c.id_opt()?,
        name: c.get()?,
        position: c.get()?,
        revision: Revision(c.get()?),
        created_at: c.time()?,
        updated_at: c.time()?,
        deleted_at: c.get()?,
        deletion: c.get()?,
        level: level(c)?,
    })
}

/// The folders that the viewer sees or that lie on the way to what they see: a CTE `seen`.
fn seen(viewer: &Viewer) -> Sql {
    if viewer.everything {
        return Sql::default();
    }
    Sql::new("WITH RECURSIVE granted (id) AS (")
        .append(granted_objects(viewer))
        .text(
            "), seen (id, parent_id) AS (\
             SELECT f.id, f.parent_id FROM folders f JOIN granted ON granted.id = f.id \
             WHERE f.deleted_at IS NULL \
             UNION SELECT f.id, f.parent_id FROM granted JOIN work_items w ON w.id = granted.id \
             JOIN folders f ON f.id = w.folder_id \
             WHERE w.deleted_at IS NULL AND f.deleted_at IS NULL \
             UNION SELECT p.id, p.parent_id FROM seen JOIN folders p ON p.id = seen.parent_id \
             WHERE p.deleted_at IS NULL) ",
        )
}

fn select(viewer: &Viewer) -> Sql {
    let among = if viewer.everything {
        "TRUE"
    } else {
        "f.id IN (SELECT id FROM seen)"
    };
    seen(viewer)
        .text(
            "SELECT f.id, f.parent_id, f.owner_id, f.name, f.position, f.revision, f.created_at, \
             f.updated_at, f.deleted_at, f.deletion, ",
        )
        .append(level_on(viewer, "f.id"))
        .text(&format!(
            " FROM folders f WHERE {among} AND f.deleted_at IS NULL "
        ))
}

/// A live folder that the viewer sees, if only by name.
///
/// # Errors
/// When the database fails.
pub async fn find(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    id: FolderId,
) -> Result<Option<FolderRow>, StoreError> {
    select(viewer)
        .text("AND f.id = ?")
        .bind(id.as_uuid())
        .one(conn, read)
        .await
}

/// A folder that may be deleted, with the viewer's level on it by its own grants.
///
/// # Errors
/// When the database fails.
pub async fn find_any(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    id: FolderId,
) -> Result<Option<FolderRow>, StoreError> {
    Sql::new(
        "SELECT f.id, f.parent_id, f.owner_id, f.name, f.position, f.revision, f.created_at, \
         f.updated_at, f.deleted_at, f.deletion, ",
    )
    .append(level_on(viewer, "f.id"))
    .text(" FROM folders f WHERE f.id = ?")
    .bind(id.as_uuid())
    .one(conn, read)
    .await
}

/// The seen folders in a folder, or (of none) the root and "My grids" folders, after a place.
///
/// # Errors
/// When the database fails.
pub async fn list(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    parent: Option<FolderId>,
    after: Option<(i64, Uuid)>,
    limit: Limit,
) -> Result<Vec<FolderRow>, StoreError> {
    let sql = match parent {
        None => select(viewer).text("AND f.parent_id IS NULL"),
        Some(parent) => select(viewer)
            .text("AND f.parent_id = ?")
            .bind(parent.as_uuid()),
    };
    let sql = match after {
        None => sql,
        Some((position, id)) => sql
            .text(" AND (f.position, f.id) > (?, ?)")
            .bind(position)
            .bind(id),
    };
    sql.text(" ORDER BY f.position, f.id")
        .page(limit)
        .all(conn, read)
        .await
}

/// A member's "My grids".
///
/// # Errors
/// When the database fails.
pub async fn of_owner(
    conn: &impl ConnectionTrait,
    owner: MemberId,
) -> Result<Option<FolderId>, StoreError> {
    Sql::new("SELECT id FROM folders WHERE owner_id = ?")
        .bind(owner.as_uuid())
        .one(conn, |c| c.id())
        .await
}

/// Writes a new folder.
///
/// # Errors
/// When its owner has one already, or the database fails.
pub async fn insert(conn: &impl ConnectionTrait, row: &FolderRow) -> Result<(), StoreError> {
    let model = folder::Model {
        id: row.id.as_uuid(),
        parent_id: row.parent_id.map(Into::into),
        owner_id: row.owner_id.map(Into::into),
        name: row.name.clone(),
        position: row.position,
        revision: row.revision.0,
        created_at: row.created_at,
        updated_at: row.updated_at,
        deleted_at: None,
        deletion: None,
    };
    folder::Entity::insert(model.into_active_model())
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// Writes a changed folder.
///
/// # Errors
/// When the database fails.
pub async fn update(conn: &impl ConnectionTrait, row: &FolderRow) -> Result<(), StoreError> {
    Sql::new(
        "UPDATE folders SET parent_id = ?, name = ?, position = ?, revision = ?, updated_at = ? \
         WHERE id = ?",
    )
    .bind(id_value(row.parent_id))
    .bind(row.name.clone())
    .bind(row.position)
    .bind(row.revision.0)
    .bind(row.updated_at)
    .bind(row.id.as_uuid())
    .run(conn)
    .await
    .map(drop)
}

/// The live folders of a parent and their positions, in order.
///
/// # Errors
/// When the database fails.
pub async fn siblings(
    conn: &impl ConnectionTrait,
    parent: FolderId,
) -> Result<Vec<(FolderId, i64)>, StoreError> {
    Sql::new(
        "SELECT id, position FROM folders WHERE parent_id = ? AND deleted_at IS NULL \
         ORDER BY position, id",
    )
    .bind(parent.as_uuid())
    .all(conn, |c| Ok((c.id()?, c.get()?)))
    .await
}

/// Sets the position of a folder.
///
/// # Errors
/// When the database fails.
pub async fn set_position(
    conn: &impl ConnectionTrait,
    id: FolderId,
    position: i64,
) -> Result<(), StoreError> {
    Sql::new("UPDATE folders SET position = ? WHERE id = ?")
        .bind(position)
        .bind(id.as_uuid())
        .run(conn)
        .await
        .map(drop)
}

/// The ids from a folder up to the one without a parent, itself first.
///
/// # Errors
/// When the database fails.
pub async fn path(conn: &impl ConnectionTrait, id: FolderId) -> Result<Vec<FolderId>, StoreError> {
    Sql::new(
        "WITH RECURSIVE up (id, parent_id, depth) AS (\
         SELECT id, parent_id, 0 FROM folders WHERE id = ? \
         UNION ALL SELECT p.id, p.parent_id, up.depth + 1 FROM up \
         JOIN folders p ON p.id = up.parent_id) \
         SELECT id FROM up ORDER BY depth",
    )
    .bind(id.as_uuid())
    .all(conn, |c| c.id())
    .await
}

/// The live folders below one, itself included.
///
/// # Errors
/// When the database fails.
pub async fn below(conn: &impl ConnectionTrait, id: FolderId) -> Result<Vec<FolderId>, StoreError> {
    Sql::new(
        "WITH RECURSIVE down (id) AS (\
         SELECT id FROM folders WHERE id = ? \
         UNION ALL SELECT f.id FROM down JOIN folders f ON f.parent_id = down.id \
         WHERE f.deleted_at IS NULL) SELECT id FROM down",
    )
    .bind(id.as_uuid())
    .all(conn, |c| c.id())
    .await
}

/// The live grids in these folders.
///
/// # Errors
/// When the database fails.
pub async fn grids_in(
    conn: &impl ConnectionTrait,
    folders: &[FolderId],
) -> Result<Vec<WorkItemId>, StoreError> {
    Sql::new(
        "SELECT id FROM work_items WHERE deleted_at IS NULL AND kind = 'grid' AND folder_id IN ",
    )
    .ids(folders.iter().copied())
    .all(conn, |c| c.id())
    .await
}

/// The folders and grids that a folder's deletion took.
///
/// # Errors
/// When the database fails.
pub async fn taken_by(
    conn: &impl ConnectionTrait,
    deletion: FolderId,
) -> Result<Vec<WorkItemId>, StoreError> {
    Sql::new("SELECT id FROM work_items WHERE deletion = ? AND kind = 'grid'")
        .bind(deletion.as_uuid())
        .all(conn, |c| c.id())
        .await
}

/// Deletes folders, as part of the deletion of one of them.
///
/// # Errors
/// When the database fails.
pub async fn delete(
    conn: &impl ConnectionTrait,
    folders: &[FolderId],
    deletion: FolderId,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    Sql::new("UPDATE folders SET deleted_at = ?, deletion = ? WHERE deleted_at IS NULL AND id IN ")
        .bind(at)
        .bind(deletion.as_uuid())
        .ids(folders.iter().copied())
        .run(conn)
        .await
        .map(drop)
}

/// Brings back the folders that a deletion took.
///
/// # Errors
/// When the database fails.
pub async fn undelete(conn: &impl ConnectionTrait, deletion: FolderId) -> Result<(), StoreError> {
    Sql::new("UPDATE folders SET deleted_at = NULL, deletion = NULL WHERE deletion = ?")
        .bind(deletion.as_uuid())
        .run(conn)
        .await
        .map(drop)
}
