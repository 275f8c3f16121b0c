//! What one listens to, and whether one may.

use std::{fmt, str::FromStr};

use db::TenantDb;
use kernel::{Actor, FolderId, MemberId, WorkItemId};
use serde_json::Value;
use tr_domain::access::Viewer;
use tr_domain::event::{EventPayload, ObjectType};
use tr_store::{StoreError, epochs, folders};
use uuid::Uuid;

/// Something to listen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// Everything in a grid.
    Grid(WorkItemId),
    /// A folder, and the grids in it as a whole.
    Folder(FolderId),
    /// What is assigned to oneself or taken away, and what one is told.
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

impl Topic {
    /// Whether an event belongs to the topic of this member.
    #[must_use]
    pub fn takes(self, event: &EventPayload, member: MemberId) -> bool {
        match self {
            Self::Grid(grid) => event.grid_id == Some(grid),
            Self::Folder(folder) => event.folder_id == Some(folder),
            Self::Me => event.changes.iter().any(|change| {
                let field = change.field.as_deref();
                let theirs = field == Some("assignee_id")
                    || event.object == ObjectType::Notification && field == Some("member_id");
                theirs && (names(&change.old, member) || names(&change.new, member))
            }),
        }
    }
}

fn names(value: &Value, member: MemberId) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.parse() == Ok(member))
}

/// Whether somebody may listen to a topic now.
///
/// # Errors
/// When the database fails.
pub async fn may_listen(db: &TenantDb, actor: &Actor, topic: Topic) -> Result<bool, StoreError> {
    let viewer = Viewer::of(actor);
    Ok(match topic {
        Topic::Me => true,
        Topic::Grid(grid) => epochs::of_grid(db.conn(), &viewer, grid)
            .await?
            .is_some_and(|grid| grid.level.is_some()),
        Topic::Folder(folder) => folders::find(db.conn(), &viewer, folder)
            .await?
            .is_some_and(|folder| folder.level.is_some()),
    })
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
        assert!(Topic::Grid(grid.into()).takes(&event, me));
        assert!(!Topic::Grid(folder.into()).takes(&event, me));
        assert!(Topic::Folder(folder.into()).takes(&event, me));
        assert!(Topic::Me.takes(&event, me));
        assert!(!Topic::Me.takes(&event, other));
        let told = EventPayload {
            object: ObjectType::Notification,
            grid_id: None,
            folder_id: None,
            changes: vec![FieldChange::of("member_id", json!(null), json!(other))],
            ..event
        };
        assert!(Topic::Me.takes(&told, other) && !Topic::Me.takes(&told, me));
        assert!(!Topic::Grid(grid.into()).takes(&told, other));
    }
}
