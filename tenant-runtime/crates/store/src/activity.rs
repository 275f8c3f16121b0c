//! The activity log, read. It is written by the consumer of the class `activity`.

use chrono::{DateTime, Utc};
use kernel::{FolderId, Limit, MemberId, WorkItemId};
use sea_orm::{ConnectionTrait, Value};
use serde_json::Value as Json;
use tr_domain::access::Viewer;
use uuid::Uuid;

use crate::StoreError;
use crate::access::visible;
use crate::inserting::insert;
use crate::sql::{Columns, Sql, id_value};

/// One entry.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct ActivityRow {
    pub event_number: u64,
    pub ordinal: u16,
    pub occurred_at: DateTime<Utc>,
    pub actor_id: MemberId,
    pub kind: String,
    pub object_id: Uuid,
    pub grid_id: Option<WorkItemId>,
    pub folder_id: Option<FolderId>,
    pub field: Option<String>,
    pub old_value: Json,
    pub new_value: Json,
    pub request_id: String,
}

const SELECT: &str = "SELECT a.event_number, a.ordinal, a.occurred_at, a.actor_id, a.kind, \
    a.object_id, a.grid_id, a.folder_id, a.field, a.old_value, a.new_value, a.request_id \
    FROM activity a WHERE ";

fn read(c: &mut Columns<'_>) -> Result<ActivityRow, StoreError> {
    Ok(ActivityRow {
        event_number: c.get()?,
        ordinal: c.get()?,
        occurred_at: c.time()?,
        actor_id: c.id()?,
        kind: c.get()?,
        object_id: c.get()?,
        grid_id: c.id_opt()?,
        folder_id: c.id_opt()?,
        field: c.get()?,
        old_value: json(c)?,
        new_value: json(c)?,
        request_id: c.get()?,
    })
}

fn json(c: &mut Columns<'_>) -> Result<Json, StoreError> {
    let text: Option<&str> = c.get()?;
    let value = text.map_or(Ok(Json::Null), serde_json::from_str);
    Ok(value?)
}

/// Newest first, before the place `before` = (event number, ordinal).
fn newest(sql: Sql, before: Option<(u64, u16)>, limit: Limit) -> Sql {
    let sql = match before {
        None => sql,
        // The first condition is implied; it is there for the index.
        Some((number, ordinal)) => sql
            .text(" AND a.event_number <= ? AND (a.event_number < ? OR a.ordinal < ?)")
            .bind(number)
            .bind(number)
            .bind(ordinal),
    };
    sql.text(" ORDER BY a.event_number DESC, a.ordinal DESC")
        .page(limit)
}

/// The entries of one item or folder, which the viewer is known to see.
///
/// # Errors
/// When the database fails.
pub async fn of_object(
    conn: &impl ConnectionTrait,
    object: Uuid,
    before: Option<(u64, u16)>,
    limit: Limit,
) -> Result<Vec<ActivityRow>, StoreError> {
    let sql = Sql::new(SELECT).text("a.object_id = ?").bind(object);
    newest(sql, before, limit).all(conn, read).await
}

/// The entries of everything that the viewer sees. What lies in neither grid nor folder (labels,
/// groups) is for architects.
///
/// # Errors
/// When the database fails.
pub async fn visible_to(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    before: Option<(u64, u16)>,
    limit: Limit,
) -> Result<Vec<ActivityRow>, StoreError> {
    let sql = Sql::new(SELECT).append(visible(viewer, "COALESCE(a.grid_id, a.folder_id)"));
    newest(sql, before, limit).all(conn, read).await
}

/// Writes entries.
///
/// # Errors
/// When an entry exists already, or the database fails.
pub async fn write(conn: &impl ConnectionTrait, rows: Vec<ActivityRow>) -> Result<(), StoreError> {
    let head = "INSERT INTO activity (event_number, ordinal, occurred_at, actor_id, kind, \
        object_id, grid_id, folder_id, field, old_value, new_value, request_id) VALUES";
    insert(conn, head, rows, entry, "").await
}

fn entry(row: ActivityRow) -> Result<Vec<Value>, StoreError> {
    Ok(vec![
        row.event_number.into(),
        row.ordinal.into(),
        row.occurred_at.into(),
        row.actor_id.as_uuid().into(),
        row.kind.into(),
        row.object_id.into(),
        id_value(row.grid_id),
        id_value(row.folder_id),
        row.field.into(),
        stored(&row.old_value)?.into(),
        stored(&row.new_value)?.into(),
        row.request_id.into(),
    ])
}

/// JSON's null is stored as the database's.
fn stored(value: &Json) -> Result<Option<String>, StoreError> {
    let text = (!value.is_null()).then(|| serde_json::to_string(value));
    Ok(text.transpose()?)
}
