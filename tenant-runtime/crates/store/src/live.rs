//! The outbox as listeners read it: every committed event once, in the order of its number.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use tr_domain::event::EventPayload;

use crate::StoreError;
use crate::outbox::LIVE;
use crate::sql::Sql;

/// The class that every event has a row of.
const EVERY: &str = "activity";

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

/// The number of the first event that is still kept; none when none is.
///
/// # Errors
/// When the database fails.
pub async fn first_kept(conn: &impl ConnectionTrait) -> Result<Option<u64>, StoreError> {
    Sql::new("SELECT number FROM outbox ORDER BY number LIMIT 1")
        .one(conn, |c| c.get())
        .await
}

/// The events after a number, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn after(
    conn: &impl ConnectionTrait,
    number: u64,
    limit: usize,
) -> Result<Vec<Numbered>, StoreError> {
    Sql::new(
        "SELECT number, kind, occurred_at, payload FROM outbox FORCE INDEX (PRIMARY) \
         WHERE number > ? AND class IN (?, ?) ORDER BY number",
    )
    .bind(number)
    .bind(EVERY)
    .bind(LIVE)
    .text(&format!(" LIMIT {limit}"))
    .all(conn, |c| {
        Ok(Numbered {
            number: c.get()?,
            kind: c.get()?,
            occurred_at: c.time()?,
            payload: {
                let json: String = c.get()?;
                serde_json::from_str(&json)
                    .map_err(|error| StoreError::Unreadable(error.to_string()))?
            },
        })
    })
    .await
}
