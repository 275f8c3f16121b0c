//! The outbox: numbered events, one row per class that handles them.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};
use tr_domain::event::{Event, EventKind, EventPayload};
use uuid::Uuid;

use crate::StoreError;
use crate::entities::outbox;
use crate::sql::Sql;

/// An event for the outbox, and the classes that handle it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The event's id.
    pub id: Uuid,
    /// Its kind.
    pub kind: EventKind,
    /// What is stored.
    pub payload: EventPayload,
    /// Who handles it.
    pub classes: &'static [&'static str],
}

/// Numbers the events and writes them. Call it last: the numbers are locked until the commit, which
/// is what makes them commit in order.
///
/// # Errors
/// When the database fails.
pub async fn append(
    conn: &impl ConnectionTrait,
    entries: Vec<Entry>,
    at: DateTime<Utc>,
    traceparent: Option<&str>,
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let count = entries.len() as u64;
    let mut rows = Vec::with_capacity(entries.len());
    for (index, entry) in (0_u64..).zip(entries) {
        let payload = serde_json::to_value(&entry.payload)
            .map_err(|error| StoreError::Unreadable(error.to_string()))?;
        for class in entry.classes {
            rows.push(outbox::Model {
                number: index,
                class: (*class).to_owned(),
                event_id: entry.id,
                kind: entry.kind.as_str().to_owned(),
                version: Event::VERSION,
                payload: payload.clone(),
                occurred_at: at,
                traceparent: traceparent.map(str::to_owned),
                published_at: None,
                done_at: None,
                dead_at: None,
            });
        }
    }
    let last = Sql::new("UPDATE event_counter SET value = LAST_INSERT_ID(value + ?) WHERE id = 1")
        .bind(count)
        .run(conn)
        .await?
        .last_insert_id();
    let first = (last + 1).checked_sub(count).filter(|_| last >= count);
    let first = first.ok_or_else(|| StoreError::Unreadable("no event counter".into()))?;
    let rows = rows.into_iter().map(|row| {
        let number = first + row.number;
        outbox::Model { number, ..row }.into_active_model()
    });
    outbox::Entity::insert_many(rows)
        .exec_without_returning(conn)
        .await?;
    Ok(())
}
