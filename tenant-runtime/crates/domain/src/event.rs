//! What happened: one event per changed thing, with old and new values field by field. Events are
//! written with the change and handled afterwards; consumers read them by `kind` and `version`.

use kernel::{FolderId, MemberId, WorkItemId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),* $(,)?) => {
        /// The kinds of event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum EventKind { $($(#[$doc])* #[serde(rename = $word)] $variant),* }

        impl EventKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in the outbox and in the activity log.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    };
}

kinds! {
    /// A folder came to be.
    FolderCreated = "folder.created",
    /// A folder's name changed.
    FolderChanged = "folder.changed",
    /// A folder went elsewhere.
    FolderMoved = "folder.moved",
    /// A folder was deleted with its content.
    FolderDeleted = "folder.deleted",
    /// A folder came back.
    FolderUndeleted = "folder.undeleted",
    /// A work item came to be.
    WorkItemCreated = "work_item.created",
    /// Fields of a work item changed.
    WorkItemChanged = "work_item.changed",
    /// A work item went elsewhere.
    WorkItemMoved = "work_item.moved",
    /// A work item was deleted with what is in it.
    WorkItemDeleted = "work_item.deleted",
    /// A work item came back.
    WorkItemUndeleted = "work_item.undeleted",
    /// A work item was completed, or a gate decided.
    WorkItemCompleted = "work_item.completed",
    /// A work item was reopened.
    WorkItemReopened = "work_item.reopened",
    /// A dependency was made.
    DependencyCreated = "dependency.created",
    /// A dependency was deleted.
    DependencyDeleted = "dependency.deleted",
    /// Someone's right on a folder or grid changed.
    GrantChanged = "grant.changed",
    /// A label came to be.
    LabelCreated = "label.created",
    /// A label changed.
    LabelChanged = "label.changed",
    /// A label was deleted.
    LabelDeleted = "label.deleted",
    /// A custom group came to be.
    GroupCreated = "group.created",
    /// A custom group's name or members changed.
    GroupChanged = "group.changed",
    /// A custom group was deleted.
    GroupDeleted = "group.deleted",
    /// A webhook came to be.
    WebhookCreated = "webhook.created",
    /// A webhook changed; who disables or enables it by hand changes it.
    WebhookChanged = "webhook.changed",
    /// A webhook was disabled since its receiver took nothing.
    WebhookDisabled = "webhook.disabled",
    /// A webhook was deleted.
    WebhookDeleted = "webhook.deleted",
}

/// Who acts when nobody does: the platform itself.
pub const PLATFORM: MemberId = MemberId::from_uuid(Uuid::nil());

/// A value before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field; none where the thing as a whole came or went.
    pub field: Option<String>,
    /// Before.
    pub old: Value,
    /// After.
    pub new: Value,
}

impl FieldChange {
    /// A change of a field.
    #[must_use]
    pub fn of(field: &str, old: Value, new: Value) -> Self {
        Self {
            field: Some(field.into()),
            old,
            new,
        }
    }

    /// The whole thing came or went.
    #[must_use]
    pub const fn whole(old: Value, new: Value) -> Self {
        Self {
            field: None,
            old,
            new,
        }
    }
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectType {
    /// A folder.
    Folder,
    /// A work item.
    WorkItem,
    /// A label.
    Label,
    /// A group.
    Group,
    /// A webhook.
    Webhook,
    /// A notification; only they to whom it goes hear of it.
    Notification,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// What sort of thing it happened to.
    pub object: ObjectType,
    /// To which.
    pub object_id: Uuid,
    /// The grid it lies in (a grid: itself).
    pub grid_id: Option<WorkItemId>,
    /// The folder: a grid's, a folder itself.
    pub folder_id: Option<FolderId>,
    /// What a folder lies in.
    pub parent_id: Option<FolderId>,
    /// What changed; never empty.
    pub changes: Vec<FieldChange>,
}

impl Event {
    /// The version of the payload's form.
    pub const VERSION: u16 = 1;
}

/// An event as it is stored and read by consumers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPayload {
    /// What sort of thing it happened to.
    pub object: ObjectType,
    /// To which.
    pub object_id: Uuid,
    /// The grid it lies in.
    pub grid_id: Option<WorkItemId>,
    /// The folder.
    pub folder_id: Option<FolderId>,
    /// What a folder lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<FolderId>,
    /// By whom.
    pub actor_id: MemberId,
    /// In which request.
    pub request_id: String,
    /// What changed: one activity entry each.
    pub changes: Vec<FieldChange>,
}

impl EventPayload {
    /// The payload of an event.
    #[must_use]
    pub fn new(event: Event, actor_id: MemberId, request_id: String) -> Self {
        let Event {
            object,
            object_id,
            grid_id,
            folder_id,
            parent_id,
            changes,
            ..
        } = event;
        Self {
            object,
            object_id,
            grid_id,
            folder_id,
            parent_id,
            actor_id,
            request_id,
            changes,
        }
    }
}
