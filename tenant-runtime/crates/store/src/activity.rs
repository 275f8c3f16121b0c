//! The activity log, read. It is written by the consumer of the class `activity`.

use chrono::{DateTime, Utc};
use kernel::{FolderId, Limit, MemberId, WorkItemId};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use tr_domain::access::Viewer;
use uuid::Uuid;

use crate::StoreError;
use crate::access::visible;
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
    pub old_value: Value,
    pub new_value: Value,
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

fn json(c: &mut Columns<'_>) -> Result<Value, StoreError> {
    let text: Option<&str> = c.get()?;
    text.map_or(Ok(Value::Null), |text| {
        serde_json::from_str(text).map_err(|error| StoreError::Unreadable(error.to_string()))
    })
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

/// Rows of one INSERT at most. Each takes as many as a power of two has, so that the statement is
/// one of a few, which a connection prepares once: preparing one costs more than running it.
const ROWS_PER_INSERT: usize = 128;

/// Writes entries.
///
/// # Errors
/// When an entry exists already, or the database fails.
pub async fn write(conn: &impl ConnectionTrait, rows: Vec<ActivityRow>) -> Result<(), StoreError> {
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let some = 1 << rows.len().min(ROWS_PER_INSERT).ilog2();
        let mut sql = Sql::new(
            "INSERT INTO activity (event_number, ordinal, occurred_at, actor_id, kind, object_id, \
             grid_id, folder_id, field, old_value, new_value, request_id) VALUES ",
        );
        for (place, row) in rows.by_ref().take(some).enumerate() {
            sql = entry(if place == 0 { sql } else { sql.text(", ") }, row)?;
        }
        sql.run(conn).await?;
    }
    Ok(())
}

fn entry(sql: Sql, row: ActivityRow) -> Result<Sql, StoreError> {
    Ok(sql
        .text("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(row.event_number)
        .bind(row.ordinal)
        .bind(row.occurred_at)
        .bind(row.actor_id.as_uuid())
        .bind(row.kind)
        .bind(row.object_id)
        .bind(id_value(row.grid_id))
        .bind(id_value(row.folder_id))
        .bind(row.field)
        .bind(stored(&row.old_value)?)
        .bind(stored(&row.new_value)?)
        .bind(row.request_id))
}

/// JSON's null is stored as the database's.
fn stored(value: &Value) -> Result<Option<String>, StoreError> {
    let text = (!value.is_null()).then(|| serde_json::to_string(value));
    text.transpose()
        .map_err(|error| StoreError::Unreadable(error.to_string()))
}
