//! What one listens to, and which events belong to it.

use std::{fmt, str::FromStr};

use kernel::{FolderId, MemberId, WorkItemId};
use serde_json::Value;
use tr_domain::event::{EventPayload, ObjectType};
use uuid::Uuid;

/// Something to listen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// Everything in a grid.
    Grid(WorkItemId),
    /// A folder, and the folders and grids in it as a whole.
    Folder(FolderId),
    /// What is assigned to oneself or taken away, in grids that one sees, and what one is told.
    Me,
}

/// It is none of `grid:ID`, `folder:ID`, `me`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a topic is grid:ID, folder:ID or me")]
pub struct InvalidTopic;

impl FromStr for Topic {
    type Err = InvalidTopic;

    fn from_str(text: &str) -> Result<Self, InvalidTopic> {
        if text == "me" {
            return Ok(Self::Me);
        }
        let (kind, id) = text.split_once(':').ok_or(InvalidTopic)?;
        let id = Uuid::try_parse(id).map_err(|_| InvalidTopic)?;
        match kind {
            "grid" => Ok(Self::Grid(id.into())),
            "folder" => Ok(Self::Folder(id.into())),
            _ => Err(InvalidTopic),
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grid(id) => write!(f, "grid:{id}"),
            Self::Folder(id) => write!(f, "folder:{id}"),
            Self::Me => f.write_str("me"),
        }
    }
}

/// How an event belongs to a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hearing {
    /// Whoever listens hears it.
    Own,
    /// Whoever listens and sees this grid or folder, which has rights of its own.
    IfSeen(Uuid),
    /// Whoever listens hears that it left their grid; where to, they need not see.
    Left(WorkItemId),
}

impl Topic {
    /// How an event belongs to the topic of this member, if it does.
    #[must_use]
    pub fn takes(self, event: &EventPayload, member: MemberId) -> Option<Hearing> {
        match self {
            Self::Grid(grid) if event.grid_id == Some(grid) => Some(Hearing::Own),
            Self::Grid(grid) => {
                was(event, "grid_id", grid.as_uuid()).then_some(Hearing::Left(grid))
            }
            Self::Folder(folder) => in_folder(event, folder),
            Self::Me => {
                let mine = event.changes.iter().any(|change| {
                    let field = change.field.as_deref();
                    let theirs = field == Some("assignee_id")
                        || event.object == ObjectType::Notification && field == Some("member_id");
                    theirs && (names(&change.old, member) || names(&change.new, member))
                });
                mine.then_some(match event.grid_id {
                    // Anybody may be named there, also who holds no right.
                    Some(grid) => Hearing::IfSeen(grid.as_uuid()),
                    None => Hearing::Own,
                })
            }
        }
    }
}

/// The folder itself; what lies in it or did until now, which has rights of its own.
fn in_folder(event: &EventPayload, folder: FolderId) -> Option<Hearing> {
    let id = folder.as_uuid();
    if event.object == ObjectType::Folder && event.object_id == id {
        return Some(Hearing::Own);
    }
    let lies = event.folder_id == Some(folder) || event.parent_id == Some(folder);
    let lay = was(event, "folder_id", id) || was(event, "parent_id", id);
    let object = event.grid_id.map_or(event.object_id, |grid| grid.as_uuid());
    (lies || lay).then_some(Hearing::IfSeen(object))
}

/// Whether a field had this value before.
fn was(event: &EventPayload, field: &str, id: Uuid) -> bool {
    let of_field = |name: &Option<String>| name.as_deref() == Some(field);
    let mut changes = event.changes.iter();
    changes.any(|change| of_field(&change.field) && names(&change.old, id))
}

fn names<I: Copy + FromStr + PartialEq>(value: &Value, id: I) -> bool {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .is_some_and(|named: I| named == id)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tr_domain::event::FieldChange;

    use super::*;

    #[test]
    fn topics_are_read_as_they_are_written() {
        for text in [
            "me",
            "grid:00000000-0000-0000-0000-000000000001",
            "folder:00000000-0000-0000-0000-000000000002",
        ] {
            assert_eq!(text.parse::<Topic>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "Me",
            "grid",
            "grid:",
            "grid:1",
            "task:00000000-0000-0000-0000-000000000001",
        ] {
            assert_eq!(text.parse::<Topic>(), Err(InvalidTopic), "{text}");
        }
    }

    #[test]
    fn a_topic_takes_what_is_its_own() {
        let (grid, folder) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (me, other) = (
            MemberId::from_uuid(Uuid::from_u128(3)),
            MemberId::from_uuid(Uuid::from_u128(4)),
        );
        let event = EventPayload {
            object: ObjectType::WorkItem,
            object_id: Uuid::from_u128(5),
            grid_id: Some(grid.into()),
            folder_id: Some(folder.into()),
            parent_id: None,
            actor_id: other,
            request_id: "r".into(),
            changes: vec![FieldChange::of("assignee_id", json!(null), json!(me))],
        };
        let (own, seen) = (Some(Hearing::Own), Some(Hearing::IfSeen(grid)));
        assert_eq!(Topic::Grid(grid.into()).takes(&event, me), own);
        assert_eq!(Topic::Grid(folder.into()).takes(&event, me), None);
        assert_eq!(Topic::Folder(folder.into()).takes(&event, me), seen);
        assert_eq!(Topic::Me.takes(&event, me), seen);
        assert_eq!(Topic::Me.takes(&event, other), None);
        let told = EventPayload {
            object: ObjectType::Notification,
            grid_id: None,
            folder_id: None,
            changes: vec![FieldChange::of("member_id", json!(null), json!(other))],
            ..event
        };
        assert_eq!(Topic::Me.takes(&told, other), own);
        assert_eq!(Topic::Me.takes(&told, me), None);
        assert_eq!(Topic::Grid(grid.into()).takes(&told, other), None);
    }

    #[test]
    fn a_topic_takes_what_leaves_it() {
        let (old, new, folder) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let member = MemberId::from_uuid(Uuid::from_u128(4));
        let moved = |object, field: &str, grid: Option<Uuid>, parent: Option<Uuid>| EventPayload {
            object,
            object_id: folder,
            grid_id: grid.map(Into::into),
            folder_id: None,
            parent_id: parent.map(Into::into),
            actor_id: member,
            request_id: "r".into(),
            changes: vec![FieldChange::of(field, json!(old), json!(new))],
        };
        let task = moved(ObjectType::WorkItem, "grid_id", Some(new), None);
        let left = Some(Hearing::Left(old.into()));
        assert_eq!(Topic::Grid(old.into()).takes(&task, member), left);
        let grid = moved(ObjectType::WorkItem, "folder_id", Some(folder), None);
        let below = moved(ObjectType::Folder, "parent_id", None, Some(new));
        for event in [grid, below] {
            let seen = Some(Hearing::IfSeen(folder));
            assert_eq!(Topic::Folder(old.into()).takes(&event, member), seen);
        }
    }
}
