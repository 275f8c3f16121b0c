//! Events and jobs as consumers see them. Whoever handles them locks their rows, works off those
//! that are not done, and marks them done in the same transaction: that is what makes every one
//! take effect once, however often it is delivered.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::StoreError;
use crate::rows::{RowId, Split};
use crate::sql::{Columns, Sql};

/// An event or job to handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Its row.
    pub row: RowId,
    /// Its id: the event's, which rows of several classes share, or the job's.
    pub id: Uuid,
    /// Its kind.
    pub kind: String,
    /// The version of its payload.
    pub version: u16,
    /// Its payload, JSON.
    pub payload: String,
    /// When it happened, or was due.
    pub occurred_at: DateTime<Utc>,
    /// Whether it has taken effect already.
    pub done: bool,
}

/// Locks rows of a class until the transaction ends, and reads them.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    conn: &impl ConnectionTrait,
    class: &str,
    rows: &[RowId],
) -> Result<Vec<Claimed>, StoreError> {
    find(conn, class, rows, " FOR UPDATE").await
}

/// Reads rows of a class without a lock.
///
/// # Errors
/// When the database fails.
pub async fn read(
    conn: &impl ConnectionTrait,
    class: &str,
    rows: &[RowId],
) -> Result<Vec<Claimed>, StoreError> {
    find(conn, class, rows, "").await
}

async fn find(
    conn: &impl ConnectionTrait,
    class: &str,
    rows: &[RowId],
    lock: &str,
) -> Result<Vec<Claimed>, StoreError> {
    let Split { numbers, ids } = Split::of(rows);
    let mut found = Vec::with_capacity(rows.len());
    if !numbers.is_empty() {
        let events = Sql::new(
            "SELECT number, event_id, kind, version, payload, occurred_at, done_at IS NOT NULL \
             FROM outbox FORCE INDEX (PRIMARY) WHERE number IN ",
        )
        .numbers(&numbers)
        .text(" AND class = ? ORDER BY number")
        .bind(class)
        .text(lock);
        let read = |c: &mut Columns<'_>| claimed(RowId::Event(c.get()?), c);
        found.extend(events.all(conn, read).await?);
    }
    if !ids.is_empty() {
        let jobs = Sql::new(
            "SELECT id, id, kind, version, payload, due_at, done_at IS NOT NULL \
             FROM jobs FORCE INDEX (PRIMARY) WHERE id IN ",
        )
        .uuids(&ids)
        .text(" AND class = ? ORDER BY id")
        .bind(class)
        .text(lock);
        let read = |c: &mut Columns<'_>| claimed(RowId::Job(c.get()?), c);
        found.extend(jobs.all(conn, read).await?);
    }
    Ok(found)
}

fn claimed(row: RowId, c: &mut Columns<'_>) -> Result<Claimed, StoreError> {
    Ok(Claimed {
        row,
        id: c.get()?,
        kind: c.get()?,
        version: c.get()?,
        payload: c.get()?,
        occurred_at: c.time()?,
        done: c.get::<i64>()? != 0,
    })
}

/// Notes that jobs are taken up: who schedules one of the same key from now on makes another.
///
/// # Errors
/// When the database fails.
pub async fn take_jobs(
    conn: &impl ConnectionTrait,
    class: &str,
    rows: &[RowId],
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Split { ids, .. } = Split::of(rows);
    if ids.is_empty() {
        return Ok(());
    }
    Sql::new("UPDATE jobs FORCE INDEX (PRIMARY) SET taken_at = ? WHERE class = ?")
        .bind(at)
        .bind(class)
        .text(" AND taken_at IS NULL AND id IN ")
        .uuids(&ids)
        .run(conn)
        .await
        .map(drop)
}

/// Marks rows done, and tells how many were not before. What is done was published, noted or not.
///
/// # Errors
/// When the database fails.
pub async fn mark_done(
    conn: &impl ConnectionTrait,
    class: &str,
    rows: &[RowId],
    at: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let (events, jobs) = (
        Sql::new(
            "UPDATE outbox FORCE INDEX (PRIMARY) \
             SET published_at = COALESCE(published_at, ?), dead_at = NULL, done_at = ?",
        )
        .bind(at)
        .bind(at),
        Sql::new(
            "UPDATE jobs FORCE INDEX (PRIMARY) \
             SET published_at = COALESCE(published_at, ?), taken_at = COALESCE(taken_at, ?), \
             dead_at = NULL, done_at = ?",
        )
        .bind(at)
        .bind(at)
        .bind(at),
    );
    change(conn, class, rows, events, jobs).await
}

/// Marks rows dead that are not done: they are not sent again by themselves. What is dead was
/// published, noted or not.
///
/// # Errors
/// When the database fails.
pub async fn mark_dead(
    conn: &impl ConnectionTrait,
    class: &str,
    rows: &[RowId],
    at: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let (events, jobs) = (
        Sql::new(
            "UPDATE outbox FORCE INDEX (PRIMARY) \
             SET published_at = COALESCE(published_at, ?), dead_at = ?",
        )
        .bind(at)
        .bind(at),
        Sql::new(
            "UPDATE jobs FORCE INDEX (PRIMARY) \
             SET published_at = COALESCE(published_at, ?), taken_at = COALESCE(taken_at, ?), \
             dead_at = ?",
        )
        .bind(at)
        .bind(at)
        .bind(at),
    );
    change(conn, class, rows, events, jobs).await
}

/// Has rows that are not done published again, the dead ones too.
///
/// # Errors
/// When the database fails.
pub async fn revive(
    conn: &impl ConnectionTrait,
    class: &str,
    rows: &[RowId],
) -> Result<u64, StoreError> {
    let set = "FORCE INDEX (PRIMARY) SET dead_at = NULL, published_at = NULL";
    let (events, jobs) = (
        Sql::new(format!("UPDATE outbox {set}")),
        Sql::new(format!("UPDATE jobs {set}")),
    );
    change(conn, class, rows, events, jobs).await
}

/// Changes rows that are not done, and tells how many.
async fn change(
    conn: &impl ConnectionTrait,
    class: &str,
    rows: &[RowId],
    events: Sql,
    jobs: Sql,
) -> Result<u64, StoreError> {
    const AND: &str = " WHERE done_at IS NULL AND class = ? AND ";
    let Split { numbers, ids } = Split::of(rows);
    let mut changed = 0;
    if !numbers.is_empty() {
        let sql = events.text(AND).bind(class).text("number IN ");
        changed += sql.numbers(&numbers).run(conn).await?.rows_affected();
    }
    if !ids.is_empty() {
        let sql = jobs.text(AND).bind(class).text("id IN ");
        changed += sql.uuids(&ids).run(conn).await?.rows_affected();
    }
    Ok(changed)
}
