//! The outbox as listeners read it: every committed event once, in the order of its number. Every
//! number that was given has one row here, until it is purged: where one is missing, something was.

use chrono::{DateTime, Utc};
use kernel::{FolderId, WorkItemId};
use sea_orm::ConnectionTrait;
use tr_domain::access::Viewer;
use tr_domain::event::EventPayload;
use uuid::Uuid;

use crate::StoreError;
use crate::access::visible;
use crate::outbox::LIVE;
use crate::sql::{Columns, Sql};

/// The class that every event has a row of.
const EVERY: &str = "activity";

/// A row.
#[derive(Debug)]
pub struct Row {
    /// Its number.
    pub number: u64,
    /// Its event, if that can be read.
    pub event: Result<Numbered, StoreError>,
}

/// An event.
#[derive(Debug, Clone)]
pub struct Numbered {
    /// Its number.
    pub number: u64,
    /// Its kind.
    pub kind: String,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// What happened.
    pub payload: EventPayload,
}

/// The number of the last committed event.
///
/// # Errors
/// When the database fails.
pub async fn last_number(conn: &impl ConnectionTrait) -> Result<u64, StoreError> {
    Sql::new("SELECT value FROM event_counter WHERE id = 1")
        .one(conn, |c| c.get())
        .await?
        .ok_or_else(|| StoreError::Unreadable("no event counter".into()))
}

/// The rows after a number, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn after(
    conn: &impl ConnectionTrait,
    number: u64,
    limit: usize,
) -> Result<Vec<Row>, StoreError> {
    Sql::new(
        "SELECT number, kind, occurred_at, payload FROM outbox FORCE INDEX (PRIMARY) \
         WHERE number > ? AND class IN (?, ?) ORDER BY number",
    )
    .bind(number)
    .bind(EVERY)
    .bind(LIVE)
    .text(&format!(" LIMIT {limit}"))
    .all(conn, read)
    .await
}

/// How many of the events after a number, up to another, are still there.
///
/// # Errors
/// When the database fails.
pub async fn count(conn: &impl ConnectionTrait, after: u64, up_to: u64) -> Result<u64, StoreError> {
    let counted = Sql::new(
        "SELECT COUNT(*) FROM outbox FORCE INDEX (PRIMARY) \
         WHERE number > ? AND number <= ? AND class IN (?, ?)",
    )
    .bind(after)
    .bind(up_to)
    .bind(EVERY)
    .bind(LIVE)
    .one(conn, |c| c.get::<i64>());
    Ok(u64::try_from(counted.await?.unwrap_or(0)).unwrap_or(0))
}

fn read(c: &mut Columns<'_>) -> Result<Row, StoreError> {
    let (number, kind, occurred_at) = (c.get()?, c.get()?, c.time()?);
    let json: String = c.get()?;
    let payload: Result<EventPayload, _> = serde_json::from_str(&json);
    let event = payload.map(|payload| Numbered {
        number,
        kind,
        occurred_at,
        payload,
    });
    Ok(Row {
        number,
        event: event.map_err(StoreError::from),
    })
}

/// Which of these grids and folders are there and seen by the viewer.
///
/// # Errors
/// When the database fails.
pub async fn seen_among(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    grids: &[WorkItemId],
    folders: &[FolderId],
) -> Result<Vec<Uuid>, StoreError> {
    Sql::new(
        "SELECT i.id FROM work_items i WHERE i.kind = 'grid' AND i.deleted_at IS NULL AND i.id IN ",
    )
    .ids(grids.iter().copied())
    .text(" AND ")
    .append(visible(viewer, "i.id"))
    .text(" UNION ALL SELECT f.id FROM folders f WHERE f.deleted_at IS NULL AND f.id IN ")
    .ids(folders.iter().copied())
    .text(" AND ")
    .append(visible(viewer, "f.id"))
    .all(conn, |c| c.get())
    .await
}
