//! The activity log, read. It is written by the consumer of the class `activity`.

use chrono::{DateTime, Utc};
use kernel::{FolderId, Limit, MemberId, WorkItemId};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use serde_json::Value;
use tr_domain::access::Viewer;
use uuid::Uuid;

use crate::StoreError;
use crate::access::visible;
use crate::entities::activity;
use crate::sql::{Columns, Sql};

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

/// Rows of one INSERT; twelve values each stay well below the 65,535 that a statement may have.
const ROWS_PER_INSERT: usize = 1000;

/// Writes entries.
///
/// # Errors
/// When an entry exists already, or the database fails.
pub async fn write(conn: &impl ConnectionTrait, rows: Vec<ActivityRow>) -> Result<(), StoreError> {
    let mut rows = rows.into_iter().map(entry).peekable();
    while rows.peek().is_some() {
        let some = rows.by_ref().take(ROWS_PER_INSERT);
        activity::Entity::insert_many(some)
            .exec_without_returning(conn)
            .await?;
    }
    Ok(())
}

fn entry(row: ActivityRow) -> activity::ActiveModel {
    activity::ActiveModel {
        event_number: Set(row.event_number),
        ordinal: Set(row.ordinal),
        occurred_at: Set(row.occurred_at),
        actor_id: Set(row.actor_id.as_uuid()),
        kind: Set(row.kind),
        object_id: Set(row.object_id),
        grid_id: Set(row.grid_id.map(Into::into)),
        folder_id: Set(row.folder_id.map(Into::into)),
        field: Set(row.field),
        old_value: Set(not_null(row.old_value)),
        new_value: Set(not_null(row.new_value)),
        request_id: Set(row.request_id),
    }
}

/// JSON's null is stored as the database's.
fn not_null(value: Value) -> Option<Value> {
    (!value.is_null()).then_some(value)
}
