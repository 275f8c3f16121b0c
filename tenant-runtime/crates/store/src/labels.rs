//! Labels, and the labels on items.

use chrono::{DateTime, Utc};
use kernel::{LabelId, Limit, Revision, WorkItemId};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};
use serde::Deserialize;
use tr_domain::access::Viewer;
use tr_domain::labels::LabelChoice;
use uuid::Uuid;

use crate::StoreError;
use crate::access::visible;
use crate::entities::{label, work_item_label};
use crate::sql::{Columns, Sql};

/// A label.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct LabelRow {
    pub id: LabelId,
    pub name: String,
    pub colour: String,
    pub revision: Revision,
    pub created_at: DateTime<Utc>,
}

/// A label as an item carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct LabelOnItem {
    pub id: LabelId,
    pub name: String,
    pub colour: String,
    pub primary: bool,
}

/// An expression: the labels of item `i` as JSON, the primary one first; null of none.
pub(crate) const LABELS_OF_ITEM: &str = "(SELECT JSON_ARRAYAGG(JSON_ARRAY(HEX(l.id), l.name, \
    l.colour, wl.is_primary) ORDER BY wl.is_primary DESC, l.name, l.id) FROM work_item_labels wl \
    JOIN labels l ON l.id = wl.label_id WHERE wl.work_item_id = i.id)";

/// Reads the next column, made by [`LABELS_OF_ITEM`].
pub(crate) fn on_item(c: &mut Columns<'_>) -> Result<Vec<LabelOnItem>, StoreError> {
    #[derive(Deserialize)]
    struct Packed(Uuid, String, String, u8);
    let Some(text) = c.get::<Option<&str>>()? else {
        return Ok(Vec::new());
    };
    let packed: Vec<Packed> = serde_json::from_str(text)?;
    Ok(packed
        .into_iter()
        .map(|Packed(id, name, colour, primary)| LabelOnItem {
            id: LabelId::from_uuid(id),
            name,
            colour,
            primary: primary != 0,
        })
        .collect())
}

const SELECT: &str = "SELECT l.id, l.name, l.colour, l.revision, l.created_at FROM labels l WHERE ";

fn read(c: &mut Columns<'_>) -> Result<LabelRow, StoreError> {
    Ok(LabelRow {
        id: c.id()?,
        name: c.get()?,
        colour: c.get()?,
        revision: Revision(c.get()?),
        created_at: c.time()?,
    })
}

/// A condition: guests know the labels of what they see, members all.
fn known_to(viewer: &Viewer) -> Sql {
    if !viewer.external {
        return Sql::new("TRUE");
    }
    Sql::new(
        "EXISTS (SELECT 1 FROM work_item_labels wl JOIN work_items i ON i.id = wl.work_item_id \
         WHERE wl.label_id = l.id AND i.deleted_at IS NULL AND ",
    )
    .append(visible(viewer, "i.grid_id"))
    .text(")")
}

/// A label that the viewer knows.
///
/// # Errors
/// When the database fails.
pub async fn find(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    id: LabelId,
) -> Result<Option<LabelRow>, StoreError> {
    let sql = Sql::new(SELECT)
        .append(known_to(viewer))
        .text(" AND l.id = ?")
        .bind(id.as_uuid());
    sql.one(conn, read).await
}

/// Those of the labels that there are and the viewer knows.
///
/// # Errors
/// When the database fails.
pub async fn known(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    ids: impl IntoIterator<Item = LabelId>,
) -> Result<Vec<LabelRow>, StoreError> {
    let sql = Sql::new(SELECT)
        .append(known_to(viewer))
        .text(" AND l.id IN ")
        .ids(ids);
    sql.all(conn, read).await
}

/// The labels after `after` = (name, id), by name.
///
/// # Errors
/// When the database fails.
pub async fn list(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    after: Option<(String, Uuid)>,
    limit: Limit,
) -> Result<Vec<LabelRow>, StoreError> {
    let sql = Sql::new(SELECT).append(known_to(viewer));
    let sql = match after {
        None => sql,
        Some((name, id)) => sql.text(" AND (l.name, l.id) > (?, ?)").bind(name).bind(id),
    };
    sql.text(" ORDER BY l.name, l.id")
        .page(limit)
        .all(conn, read)
        .await
}

/// Writes a new label.
///
/// # Errors
/// When the name is taken, or the database fails.
pub async fn insert(conn: &impl ConnectionTrait, row: &LabelRow) -> Result<(), StoreError> {
    let model = label::Model {
        id: row.id.as_uuid(),
        name: row.name.clone(),
        colour: row.colour.clone(),
        revision: row.revision.0,
        created_at: row.created_at,
    };
    label::Entity::insert(model.into_active_model())
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// Writes a changed label.
///
/// # Errors
/// When the name is taken, or the database fails.
pub async fn update(conn: &impl ConnectionTrait, row: &LabelRow) -> Result<(), StoreError> {
    Sql::new("UPDATE labels SET name = ?, colour = ?, revision = ? WHERE id = ?")
        .bind(row.name.clone())
        .bind(row.colour.clone())
        .bind(row.revision.0)
        .bind(row.id.as_uuid())
        .run(conn)
        .await
        .map(drop)
}

/// Locks a label for a change.
///
/// # Errors
/// When the database fails.
pub async fn lock(conn: &impl ConnectionTrait, id: LabelId) -> Result<(), StoreError> {
    Sql::new("SELECT 1 FROM labels WHERE id = ? FOR UPDATE")
        .bind(id.as_uuid())
        .one(conn, |_| Ok(()))
        .await
        .map(drop)
}

/// Deletes a label, off all items too.
///
/// # Errors
/// When the database fails.
pub async fn delete(conn: &impl ConnectionTrait, id: LabelId) -> Result<(), StoreError> {
    Sql::new("DELETE FROM labels WHERE id = ?")
        .bind(id.as_uuid())
        .run(conn)
        .await
        .map(drop)
}

/// Replaces the labels of an item.
///
/// # Errors
/// When the database fails.
pub async fn put_on_item(
    conn: &impl ConnectionTrait,
    item: WorkItemId,
    choice: &[LabelChoice],
) -> Result<(), StoreError> {
    Sql::new("DELETE FROM work_item_labels WHERE work_item_id = ?")
        .bind(item.as_uuid())
        .run(conn)
        .await?;
    if choice.is_empty() {
        return Ok(());
    }
    let rows = choice.iter().map(|c| {
        work_item_label::Model {
            work_item_id: item.as_uuid(),
            label_id: c.label.as_uuid(),
            is_primary: c.primary,
        }
        .into_active_model()
    });
    work_item_label::Entity::insert_many(rows)
        .exec_without_returning(conn)
        .await?;
    Ok(())
}
