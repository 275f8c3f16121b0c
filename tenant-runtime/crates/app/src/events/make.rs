//! Events of the aggregates.

use kernel::{GroupId, LabelId, WebhookId};
use tr_domain::event::{Event, EventKind, FieldChange, ObjectType};
use tr_store::folders::FolderRow;
use tr_store::work_items::ItemRow;

/// An event of a work item.
pub(crate) fn item_event(kind: EventKind, item: &ItemRow, changes: Vec<FieldChange>) -> Event {
    Event {
        kind,
        object: ObjectType::WorkItem,
        object_id: item.id.as_uuid(),
        grid_id: Some(item.grid_id),
        folder_id: item.folder_id,
        parent_id: None,
        changes,
    }
}

/// An event of a folder.
pub(crate) fn folder_event(
    kind: EventKind,
    folder: &FolderRow,
    changes: Vec<FieldChange>,
) -> Event {
    Event {
        kind,
        object: ObjectType::Folder,
        object_id: folder.id.as_uuid(),
        grid_id: None,
        folder_id: Some(folder.id),
        parent_id: folder.parent_id,
        changes,
    }
}

/// An event of a label.
pub(crate) fn label_event(kind: EventKind, id: LabelId, changes: Vec<FieldChange>) -> Event {
    let object_id = id.as_uuid();
    Event {
        kind,
        object: ObjectType::Label,
        object_id,
        grid_id: None,
        folder_id: None,
        parent_id: None,
        changes,
    }
}

/// An event of a group.
pub(crate) fn group_event(kind: EventKind, id: GroupId, changes: Vec<FieldChange>) -> Event {
    let object_id = id.as_uuid();
    Event {
        kind,
        object: ObjectType::Group,
        object_id,
        grid_id: None,
        folder_id: None,
        parent_id: None,
        changes,
    }
}

/// An event of a webhook.
pub(crate) fn webhook_event(kind: EventKind, id: WebhookId, changes: Vec<FieldChange>) -> Event {
    let object_id = id.as_uuid();
    Event {
        kind,
        object: ObjectType::Webhook,
        object_id,
        grid_id: None,
        folder_id: None,
        parent_id: None,
        changes,
    }
}
