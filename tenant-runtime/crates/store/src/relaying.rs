//! The outbox and the jobs as the relay sees them: what is to be published, what is outstanding,
//! what was confirmed, what was lost. Payloads are none of its business.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseConnection, IsolationLevel, TransactionTrait};
use uuid::Uuid;

use crate::StoreError;
use crate::rows::{RowId, Split};
use crate::sql::{Columns, Sql};

/// What is to be relayed of one class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The class.
    pub class: String,
    /// What of it.
    pub what: What,
}

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Events that were not published yet.
    Events,
    /// Jobs that were not; the first is due then.
    Jobs(DateTime<Utc>),
    /// Something is published and neither done nor dead; the first since then.
    Out(DateTime<Utc>),
}

/// What there is to relay of these classes.
///
/// # Errors
/// When the database fails.
pub async fn waiting(
    conn: &impl ConnectionTrait,
    classes: &[&str],
) -> Result<Vec<Waiting>, StoreError> {
    let rows = Sql::new(question(0, "", classes)).all(conn, waiting_row);
    let found = rows.await?.into_iter().flatten();
    Ok(found.map(|(_, waiting)| waiting).collect())
}

/// A row of the answer to [`question`].
pub(crate) fn waiting_row(c: &mut Columns<'_>) -> Result<Vec<(usize, Waiting)>, StoreError> {
    let place = c.place()?;
    let (class, events): (String, i64) = (c.get()?, c.get()?);
    let due: Option<DateTime<Utc>> = c.get()?;
    let out: [Option<DateTime<Utc>>; 2] = [c.get()?, c.get()?];
    let events = (events != 0).then_some(What::Events);
    let what = events.into_iter().chain(due.map(What::Jobs));
    let what = what.chain(out.into_iter().flatten().map(What::Out));
    let waiting = what.map(|what| Waiting {
        class: class.clone(),
        what,
    });
    Ok(waiting.map(|waiting| (place, waiting)).collect())
}

/// Rows that are neither done nor dead.
pub(crate) const OPEN: &str = "done_at IS NULL AND dead_at IS NULL";

/// What waits, asked of the tables of the database that `of` names (as "`name`."), or of the
/// session's own; each row says `place`. Every class is looked up in the indexes by itself, so that
/// it costs the same however much waits.
pub(crate) fn question(place: usize, of: &str, classes: &[&str]) -> String {
    let out = |table: &str, class: &str| {
        format!(
            "(SELECT published_at FROM {of}{table} FORCE INDEX ({table}_outstanding) \
             WHERE {OPEN} AND class = '{class}' AND published_at IS NOT NULL \
             ORDER BY published_at LIMIT 1)"
        )
    };
    let each = classes.iter().map(|class| {
        format!(
            "SELECT {place}, '{class}', EXISTS (\
             SELECT 1 FROM {of}outbox FORCE INDEX (outbox_outstanding) \
             WHERE {OPEN} AND class = '{class}' AND published_at IS NULL), \
             (SELECT due_at FROM {of}jobs FORCE INDEX (jobs_unpublished) \
             WHERE published_at IS NULL AND class = '{class}' ORDER BY due_at LIMIT 1), {}, {}",
            out("outbox", class),
            out("jobs", class)
        )
    });
    each.collect::<Vec<_>>().join(" UNION ALL ")
}

/// A row that waits to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpublished {
    /// Its row.
    pub row: RowId,
    /// The event's id, or the job's.
    pub id: Uuid,
    /// Its kind.
    pub kind: String,
    /// The version of its payload.
    pub version: u16,
    /// When it happened, or was due.
    pub occurred_at: DateTime<Utc>,
    /// The trace of the request that caused it.
    pub traceparent: Option<String>,
}

fn unpublished(row: RowId, c: &mut Columns<'_>) -> Result<Unpublished, StoreError> {
    Ok(Unpublished {
        row,
        id: c.get()?,
        kind: c.get()?,
        version: c.get()?,
        occurred_at: c.time()?,
        traceparent: c.get()?,
    })
}

/// The first events of a class that wait, of those with a higher number than `after`, in the order of
/// their numbers.
///
/// # Errors
/// When the database fails.
pub async fn events(
    conn: &impl ConnectionTrait,
    class: &str,
    after: u64,
    limit: usize,
) -> Result<Vec<Unpublished>, StoreError> {
    Sql::new(format!(
        "SELECT number, event_id, kind, version, occurred_at, traceparent \
         FROM outbox FORCE INDEX (outbox_outstanding) \
         WHERE {OPEN} AND class = ? AND published_at IS NULL AND number > ? ORDER BY number",
    ))
    .bind(class)
    .bind(after)
    .text(&format!(" LIMIT {limit}"))
    .all(conn, |c| {
        let row = RowId::Event(c.get()?);
        unpublished(row, c)
    })
    .await
}

/// The jobs of a class that are due and wait, in the order of their times.
///
/// # Errors
/// When the database fails.
pub async fn due_jobs(
    conn: &impl ConnectionTrait,
    class: &str,
    now: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<Unpublished>, StoreError> {
    Sql::new(
        "SELECT id, id, kind, version, due_at, traceparent \
         FROM jobs FORCE INDEX (jobs_unpublished) \
         WHERE published_at IS NULL AND class = ? AND due_at <= ? ORDER BY due_at, id",
    )
    .bind(class)
    .bind(now)
    .text(&format!(" LIMIT {limit}"))
    .all(conn, |c| {
        let row = RowId::Job(c.get()?);
        unpublished(row, c)
    })
    .await
}

/// How many rows of a class are published and neither done nor dead; counted up to `most`.
///
/// # Errors
/// When the database fails.
pub async fn outstanding(
    conn: &impl ConnectionTrait,
    class: &str,
    most: usize,
) -> Result<usize, StoreError> {
    let of = |table: &str| {
        let text = format!(
            "(SELECT 1 FROM {table} FORCE INDEX ({table}_outstanding) \
             WHERE {OPEN} AND class = ? AND published_at IS NOT NULL LIMIT {most})"
        );
        Sql::new(text).bind(class)
    };
    let count: Option<i64> = Sql::new("SELECT COUNT(*) FROM (")
        .append(of("outbox"))
        .text(" UNION ALL ")
        .append(of("jobs"))
        .text(") found")
        .one(conn, |c| c.get())
        .await?;
    Ok(count
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or_default())
}

/// Notes that the broker has taken over these rows. Those that a consumer holds already are left to
/// it: it notes that they are published with their being done. Waiting for it would cost more than
/// publishing, and if it fails they are published again, which is harmless.
///
/// # Errors
/// When the database fails.
pub async fn mark_published(
    conn: &DatabaseConnection,
    class: &str,
    rows: &[RowId],
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Split { numbers, ids } = Split::of(rows);
    let level = Some(IsolationLevel::ReadCommitted);
    let tx = conn.begin_with_config(level, None).await?;
    let (free, mark) = free_and_mark("outbox", "number", class, at);
    if !numbers.is_empty() {
        let free = free.numbers(&numbers).text(SKIP_LOCKED);
        let free: Vec<u64> = free.all(&tx, |c| c.get()).await?;
        if !free.is_empty() {
            mark.numbers(&free).run(&tx).await?;
        }
    }
    let (free, mark) = free_and_mark("jobs", "id", class, at);
    if !ids.is_empty() {
        let free = free.uuids(&ids).text(SKIP_LOCKED);
        let free: Vec<Uuid> = free.all(&tx, |c| c.get()).await?;
        if !free.is_empty() {
            mark.uuids(&free).run(&tx).await?;
        }
    }
    Ok(tx.commit().await?)
}

const SKIP_LOCKED: &str = " FOR UPDATE SKIP LOCKED";

/// Locks rows that are not marked yet, and marks those.
fn free_and_mark(table: &str, key: &str, class: &str, at: DateTime<Utc>) -> (Sql, Sql) {
    let rows = format!("WHERE class = ? AND published_at IS NULL AND {key} IN ");
    let free = format!("SELECT {key} FROM {table} FORCE INDEX (PRIMARY) {rows}");
    let mark = format!("UPDATE {table} FORCE INDEX (PRIMARY) SET published_at = ? {rows}");
    (
        Sql::new(free).bind(class),
        Sql::new(mark).bind(at).bind(class),
    )
}

/// Has rows of a class published again that were before `before` and are neither done nor dead;
/// tells how many. Their messages were lost with the broker that had confirmed them.
///
/// # Errors
/// When the database fails.
pub async fn publish_again(
    conn: &impl ConnectionTrait,
    class: &str,
    before: DateTime<Utc>,
    limit: usize,
) -> Result<u64, StoreError> {
    let mut rows = 0;
    for table in ["outbox", "jobs"] {
        let text = format!(
            "UPDATE {table} SET published_at = NULL \
             WHERE {OPEN} AND class = ? AND published_at < ? \
             LIMIT {limit}"
        );
        let sql = Sql::new(text).bind(class).bind(before);
        rows += sql.run(conn).await?.rows_affected();
    }
    Ok(rows)
}
