//! The outbox as the relay sees it: what is to be published, what is outstanding, what was
//! confirmed. Payloads are none of its business.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::StoreError;
use crate::sql::Sql;

/// A row that waits to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpublished {
    /// The event's number.
    pub number: u64,
    /// The event's id.
    pub event_id: Uuid,
    /// The event's kind.
    pub kind: String,
    /// The version of its payload.
    pub version: u16,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// The trace of the request that caused it.
    pub traceparent: Option<String>,
}

/// The first rows of a class that wait, in the order of their numbers.
///
/// # Errors
/// When the database fails.
pub async fn unpublished(
    conn: &impl ConnectionTrait,
    class: &str,
    limit: usize,
) -> Result<Vec<Unpublished>, StoreError> {
    Sql::new(
        "SELECT number, event_id, kind, version, occurred_at, traceparent \
         FROM outbox FORCE INDEX (outbox_unpublished) \
         WHERE published_at IS NULL AND class = ? ORDER BY number",
    )
    .bind(class)
    .text(&format!(" LIMIT {limit}"))
    .all(conn, |c| {
        Ok(Unpublished {
            number: c.get()?,
            event_id: c.get()?,
            kind: c.get()?,
            version: c.get()?,
            occurred_at: c.time()?,
            traceparent: c.get()?,
        })
    })
    .await
}

/// How many rows of a class were published after `since` and are not done; counted up to `most`.
///
/// # Errors
/// When the database fails.
pub async fn outstanding(
    conn: &impl ConnectionTrait,
    class: &str,
    since: DateTime<Utc>,
    most: usize,
) -> Result<usize, StoreError> {
    let count: Option<i64> = Sql::new(
        "SELECT COUNT(*) FROM (SELECT 1 FROM outbox FORCE INDEX (outbox_outstanding) \
         WHERE done_at IS NULL AND class = ? AND published_at > ?",
    )
    .bind(class)
    .bind(since)
    .text(&format!(" LIMIT {most}) found"))
    .one(conn, |c| c.get())
    .await?;
    Ok(count
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or_default())
}

/// Notes that the broker has taken over these rows.
///
/// # Errors
/// When the database fails.
pub async fn mark_published(
    conn: &impl ConnectionTrait,
    class: &str,
    numbers: &[u64],
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    if numbers.is_empty() {
        return Ok(());
    }
    Sql::new("UPDATE outbox FORCE INDEX (PRIMARY) SET published_at = ? WHERE class = ?")
        .bind(at)
        .bind(class)
        .text(" AND published_at IS NULL AND number IN ")
        .numbers(numbers)
        .run(conn)
        .await
        .map(drop)
}
