//! The outbox as consumers see it. Whoever handles events locks their rows, works off those that
//! are not done, and marks them done in the same transaction: that is what makes every event
//! take effect once, however often it is delivered.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use serde_json::Value;
use uuid::Uuid;

use crate::StoreError;
use crate::activity::ActivityRow;
use crate::entities::activity;
use crate::sql::Sql;

/// Rows of one INSERT; twelve values each stay well below the 65,535 that a statement may have.
const ROWS_PER_INSERT: usize = 1000;

/// An event to handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Its number.
    pub number: u64,
    /// Its id.
    pub event_id: Uuid,
    /// Its kind.
    pub kind: String,
    /// The version of its payload.
    pub version: u16,
    /// Its payload, JSON.
    pub payload: String,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// Whether it has taken effect already.
    pub done: bool,
}

/// Locks the rows with these numbers until the transaction ends, and reads them.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    conn: &impl ConnectionTrait,
    class: &str,
    numbers: &[u64],
) -> Result<Vec<Claimed>, StoreError> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    Sql::new(
        "SELECT number, event_id, kind, version, payload, occurred_at, done_at IS NOT NULL \
         FROM outbox FORCE INDEX (PRIMARY) WHERE number IN ",
    )
    .numbers(numbers)
    .text(" AND class = ? ORDER BY number FOR UPDATE")
    .bind(class)
    .all(conn, |c| {
        Ok(Claimed {
            number: c.get()?,
            event_id: c.get()?,
            kind: c.get()?,
            version: c.get()?,
            payload: c.get()?,
            occurred_at: c.time()?,
            done: c.get::<i64>()? != 0,
        })
    })
    .await
}

/// Marks rows done, and tells how many were not before.
///
/// # Errors
/// When the database fails.
pub async fn mark_done(
    conn: &impl ConnectionTrait,
    class: &str,
    numbers: &[u64],
    at: DateTime<Utc>,
) -> Result<u64, StoreError> {
    if numbers.is_empty() {
        return Ok(0);
    }
    let changed = Sql::new("UPDATE outbox FORCE INDEX (PRIMARY) SET done_at = ? WHERE class = ?")
        .bind(at)
        .bind(class)
        .text(" AND done_at IS NULL AND number IN ")
        .numbers(numbers)
        .run(conn)
        .await?;
    Ok(changed.rows_affected())
}

/// Writes entries of the activity log.
///
/// # Errors
/// When an entry exists already, or the database fails.
pub async fn write_activity(
    conn: &impl ConnectionTrait,
    rows: Vec<ActivityRow>,
) -> Result<(), StoreError> {
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
