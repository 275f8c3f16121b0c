//! What listeners hear.

use chrono::{DateTime, Utc};
use kernel::{FolderId, MemberId, WorkItemId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tr_domain::event::{EventPayload, ObjectType};
use tr_store::live::Numbered;
use uuid::Uuid;

use crate::topic::Topic;

/// Something to hear.
#[derive(Debug, Clone)]
pub enum Live {
    /// Something was committed.
    Event(EventMessage),
    /// Somebody looks at or types in a grid; best effort.
    Presence(PresenceMessage),
    /// The tenant is of another generation: its events are heard by coming again.
    Moved,
}

/// A committed event, as the outbox has it, but for the values that nobody here looks at. What is told
/// of it says what changed, not to what: whoever shows it asks for it, with their own rights.
#[derive(Debug, Clone)]
pub struct EventMessage(Numbered);

/// The fields whose values, ids all of them, say whose an event is.
const IDS: [&str; 6] = [
    "assignee_id",
    "folder_id",
    "grid_id",
    "member_id",
    "members",
    "parent_id",
];

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
    /// An event without its other values: a description has ten thousand letters, twice, and a message
    /// waits in memory for all who listen.
    pub(crate) fn new(mut event: Numbered) -> Self {
        for change in &mut event.payload.changes {
            let field = change.field.as_deref();
            if field.is_none_or(|field| !IDS.contains(&field)) {
                (change.old, change.new) = (Value::Null, Value::Null);
            }
        }
        Self(event)
    }

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
    pub fn to_json(&self) -> Value {
        self.json(self.0.payload.grid_id, self.0.payload.folder_id)
    }

    /// What is told of it where it left a grid: not for where.
    #[must_use]
    pub fn to_json_left(&self, grid: WorkItemId) -> Value {
        self.json(Some(grid), None)
    }

    fn json(&self, grid_id: Option<WorkItemId>, folder_id: Option<FolderId>) -> Value {
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
            grid_id,
            folder_id,
            actor_id: payload.actor_id,
            fields: fields
                .filter_map(|change| change.field.as_deref())
                .collect(),
        };
        serde_json::to_value(view).unwrap_or_default()
    }

    /// Whether a member may see less, or more, of some grid or folder after it. Moves are followed by
    /// events of the grants that they change.
    #[must_use]
    pub fn touches_access(&self) -> bool {
        let payload = &self.0.payload;
        match self.0.kind.as_str() {
            "grant.changed" | "folder.deleted" | "group.deleted" => true,
            "group.changed" => members(payload).next().is_some(),
            "work_item.deleted" => is_grid(payload),
            _ => false,
        }
    }

    /// Whether a member who listens to a topic may have lost it by this event.
    #[must_use]
    pub fn concerns(&self, topic: Topic, member: MemberId) -> bool {
        let payload = &self.0.payload;
        let object = match topic {
            Topic::Me => return false,
            Topic::Grid(grid) => grid.as_uuid(),
            Topic::Folder(folder) => folder.as_uuid(),
        };
        match self.0.kind.as_str() {
            "grant.changed" => payload.object_id == object,
            "work_item.deleted" => is_grid(payload) && payload.object_id == object,
            "group.changed" => members(payload).any(|named| named == member),
            // What lay in the folder, and what was granted to the group, is not said.
            "folder.deleted" | "group.deleted" => true,
            _ => false,
        }
    }
}

fn is_grid(payload: &EventPayload) -> bool {
    payload.grid_id.map(|grid| grid.as_uuid()) == Some(payload.object_id)
}

/// The members who came into or went from a group.
fn members(payload: &EventPayload) -> impl Iterator<Item = MemberId> {
    let changes = payload.changes.iter();
    changes
        .filter(|change| change.field.as_deref() == Some("members"))
        .flat_map(|change| [&change.old, &change.new])
        .filter_map(|value| value.as_str()?.parse().ok())
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

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
