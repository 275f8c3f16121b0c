//! Dependencies between items, with both ends.

use chrono::{DateTime, NaiveDateTime, Utc};
use kernel::{DependencyId, Limit, Revision, WorkItemId};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};
use tr_domain::access::{Level, Viewer};
use tr_domain::{DependencyKind, LocalMinute};
use uuid::Uuid;

use crate::StoreError;
use crate::access::{level, level_on};
use crate::entities::dependency;
use crate::sql::{Columns, Sql};

/// One end. It may be one that the viewer does not see: then `level` is none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct EndRow {
    pub id: WorkItemId,
    pub grid_id: WorkItemId,
    pub name: String,
    pub start: Option<LocalMinute>,
    pub finish: Option<LocalMinute>,
    pub level: Option<Level>,
}

/// A dependency between two live items.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct DependencyRow {
    pub id: DependencyId,
    pub kind: DependencyKind,
    pub lag_minutes: i32,
    pub revision: Revision,
    pub created_at: DateTime<Utc>,
    pub predecessor: EndRow,
    pub successor: EndRow,
}

fn select(viewer: &Viewer) -> Sql {
    Sql::new(
        "SELECT d.id, d.kind, d.lag_minutes, d.revision, d.created_at, \
         p.id, p.grid_id, p.name, p.start, p.finish, ",
    )
    .append(level_on(viewer, "p.grid_id"))
    .text(" AS p_level, s.id, s.grid_id, s.name, s.start, s.finish, ")
    .append(level_on(viewer, "s.grid_id"))
    .text(
        " AS s_level FROM dependencies d \
         JOIN work_items p ON p.id = d.predecessor_id AND p.deleted_at IS NULL \
         JOIN work_items s ON s.id = d.successor_id AND s.deleted_at IS NULL WHERE ",
    )
}

fn read(c: &mut Columns<'_>) -> Result<DependencyRow, StoreError> {
    Ok(DependencyRow {
        id: c.id()?,
        kind: c.word()?,
        lag_minutes: c.get()?,
        revision: Revision(c.get()?),
        created_at: c.time()?,
        predecessor: end(c)?,
        successor: end(c)?,
    })
}

fn end(c: &mut Columns<'_>) -> Result<EndRow, StoreError> {
    let local = |time: Option<NaiveDateTime>| time.map(LocalMinute::stored);
    Ok(EndRow {
        id: c.id()?,
        grid_id: c.id()?,
        name: c.get()?,
        start: local(c.get()?),
        finish: local(c.get()?),
        level: level(c)?,
    })
}

/// A dependency of which the viewer sees at least one end.
///
/// # Errors
/// When the database fails.
pub async fn find(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    id: DependencyId,
) -> Result<Option<DependencyRow>, StoreError> {
    let found = select(viewer)
        .text("d.id = ?")
        .bind(id.as_uuid())
        .one(conn, read)
        .await?;
    Ok(found.filter(|row| row.predecessor.level.is_some() || row.successor.level.is_some()))
}

/// The dependencies with an end that is the item, or lies in the grid, and that the viewer sees.
///
/// # Errors
/// When the database fails.
pub async fn list(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    item: Option<WorkItemId>,
    grid: Option<WorkItemId>,
    after: Option<Uuid>,
    limit: Limit,
) -> Result<Vec<DependencyRow>, StoreError> {
    let mut sql = select(viewer).text("TRUE");
    if let Some(item) = item {
        sql = sql
            .text(" AND (d.predecessor_id = ? OR d.successor_id = ?)")
            .bind(item.as_uuid())
            .bind(item.as_uuid());
    }
    if let Some(grid) = grid {
        sql = sql
            .text(" AND (p.grid_id = ? OR s.grid_id = ?)")
            .bind(grid.as_uuid())
            .bind(grid.as_uuid());
    }
    if let Some(after) = after {
        sql = sql.text(" AND d.id > ?").bind(after);
    }
    sql.text(" HAVING p_level IS NOT NULL OR s_level IS NOT NULL ORDER BY d.id")
        .page(limit)
        .all(conn, read)
        .await
}

/// All links between live items, for the search of circles.
///
/// # Errors
/// When the database fails.
pub async fn edges(
    conn: &impl ConnectionTrait,
) -> Result<Vec<(WorkItemId, WorkItemId)>, StoreError> {
    Sql::new("SELECT predecessor_id, successor_id FROM dependencies")
        .all(conn, |c| Ok((c.id()?, c.id()?)))
        .await
}

/// Writes a new dependency.
///
/// # Errors
/// When the two are linked already, or the database fails.
pub async fn insert(
    conn: &impl ConnectionTrait,
    id: DependencyId,
    ends: (WorkItemId, WorkItemId),
    kind: DependencyKind,
    lag_minutes: i32,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let model = dependency::Model {
        id: id.as_uuid(),
        predecessor_id: ends.0.as_uuid(),
        successor_id: ends.1.as_uuid(),
        kind: kind.to_string(),
        lag_minutes,
        revision: 1,
        created_at: at,
    };
    dependency::Entity::insert(model.into_active_model())
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// Deletes a dependency.
///
/// # Errors
/// When the database fails.
pub async fn delete(conn: &impl ConnectionTrait, id: DependencyId) -> Result<(), StoreError> {
    Sql::new("DELETE FROM dependencies WHERE id = ?")
        .bind(id.as_uuid())
        .run(conn)
        .await
        .map(drop)
}
