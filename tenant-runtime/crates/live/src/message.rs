//! What listeners hear.

use chrono::{DateTime, Utc};
use kernel::{FolderId, MemberId, WorkItemId};
use serde::{Deserialize, Serialize};
use tr_domain::event::{EventPayload, ObjectType};
use tr_store::live::Numbered;
use uuid::Uuid;

/// Something to hear.
#[derive(Debug, Clone)]
pub enum Live {
    /// Something was committed.
    Event(EventMessage),
    /// Somebody looks at or types in a grid; best effort.
    Presence(PresenceMessage),
}

/// A committed event, as the outbox has it. What is told of it says what changed, not to what:
/// whoever shows it asks for it, with their own rights.
#[derive(Debug, Clone)]
pub struct EventMessage(pub(crate) Numbered);

/// An event in JSON.
#[derive(Debug, Serialize)]
pub(crate) struct EventView<'a> {
    number: u64,
    kind: &'a str,
    occurred_at: DateTime<Utc>,
    object: ObjectType,
    object_id: Uuid,
    grid_id: Option<WorkItemId>,
    folder_id: Option<FolderId>,
    actor_id: MemberId,
    fields: Vec<&'a str>,
}

impl EventMessage {
    /// The tenant's running number.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.0.number
    }

    /// What happened, to what.
    #[must_use]
    pub const fn payload(&self) -> &EventPayload {
        &self.0.payload
    }

    /// What is told of it, as JSON.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let Numbered {
            number,
            kind,
            occurred_at,
            payload,
        } = &self.0;
        let fields = payload.changes.iter();
        let view = EventView {
            number: *number,
            kind,
            occurred_at: *occurred_at,
            object: payload.object,
            object_id: payload.object_id,
            grid_id: payload.grid_id,
            folder_id: payload.folder_id,
            actor_id: payload.actor_id,
            fields: fields
                .filter_map(|change| change.field.as_deref())
                .collect(),
        };
        serde_json::to_value(view).unwrap_or_default()
    }

    /// Whether it may change who sees what.
    #[must_use]
    pub fn touches_access(&self) -> bool {
        let kind = self.0.kind.as_str();
        kind.starts_with("grant.")
            || kind.starts_with("group.")
            || kind.ends_with(".moved")
            || kind.ends_with(".deleted")
    }
}

/// Somebody looks at or types in a grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceMessage {
    /// The grid.
    pub grid_id: WorkItemId,
    /// Who.
    pub member_id: MemberId,
    /// What they do.
    pub state: Presence,
}

/// What somebody does in a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// They look.
    Viewing,
    /// They type.
    Typing,
    /// They have gone.
    Left,
}
