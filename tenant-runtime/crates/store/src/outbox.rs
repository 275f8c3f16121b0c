//! The outbox: numbered events, one row per class that handles them.

use chrono::{DateTime, Utc};
use kernel::{MemberId, RequestId, TypedId as _};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use tr_domain::event::{Event, EventKind, EventPayload, FieldChange, ObjectType};
use tr_domain::notifications::NotificationId;
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

/// The class of what is only for those who listen: nobody handles it.
pub(crate) const LIVE: &str = "live";

/// Something that one member hears of who listens, and nobody else.
#[derive(Debug, Clone, Copy)]
pub struct Whisper {
    /// A new id, which also stands where an event has its request.
    pub id: Uuid,
    /// What happened: `notification.created`.
    pub kind: &'static str,
    /// To which notification.
    pub notification: NotificationId,
    /// Whose it is.
    pub member: MemberId,
}

impl Whisper {
    fn payload(&self) -> EventPayload {
        EventPayload {
            object: ObjectType::Notification,
            object_id: self.notification.as_uuid(),
            grid_id: None,
            folder_id: None,
            parent_id: None,
            actor_id: self.member,
            request_id: RequestId::from_uuid(self.id).to_string(),
            changes: vec![FieldChange::of(
                "member_id",
                Value::Null,
                json!(self.member),
            )],
        }
    }
}

/// Numbers what members hear of and writes it. Call it last, as [`append`].
///
/// # Errors
/// When the database fails.
pub async fn whisper(
    conn: &impl ConnectionTrait,
    whispers: &[Whisper],
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    if whispers.is_empty() {
        return Ok(());
    }
    let first = numbers(conn, whispers.len() as u64).await?;
    let rows = (first..).zip(whispers).map(|(number, whisper)| {
        let payload = serde_json::to_value(whisper.payload())?;
        let row = outbox::Model {
            number,
            class: LIVE.to_owned(),
            event_id: whisper.id,
            kind: whisper.kind.to_owned(),
            version: Event::VERSION,
            payload,
            occurred_at: at,
            traceparent: None,
            // There is nothing to relay.
            published_at: Some(at),
            done_at: Some(at),
            dead_at: None,
        };
        Ok(row.into_active_model())
    });
    let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
    outbox::Entity::insert_many(rows)
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// Takes the next numbers, and gives the first. They are locked until the commit.
async fn numbers(conn: &impl ConnectionTrait, count: u64) -> Result<u64, StoreError> {
    let last = Sql::new("UPDATE event_counter SET value = LAST_INSERT_ID(value + ?) WHERE id = 1")
        .bind(count)
        .run(conn)
        .await?
        .last_insert_id();
    let first = (last + 1).checked_sub(count).filter(|_| last >= count);
    first.ok_or_else(|| StoreError::Unreadable("no event counter".into()))
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
        let payload = serde_json::to_value(&entry.payload)?;
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
    let first = numbers(conn, count).await?;
    let rows = rows.into_iter().map(|row| {
        let number = first + row.number;
        outbox::Model { number, ..row }.into_active_model()
    });
    outbox::Entity::insert_many(rows)
        .exec_without_returning(conn)
        .await?;
    Ok(())
}
