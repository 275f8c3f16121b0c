//! The one table of which classes of consumers handle an event.

use tr_domain::event::EventKind;

/// The class that writes the activity log.
pub const ACTIVITY: &str = "activity";

/// The classes that handle events of a kind; the outbox has a row for each.
#[must_use]
pub const fn classes(kind: EventKind) -> &'static [&'static str] {
    match kind {
        EventKind::FolderCreated
        | EventKind::FolderChanged
        | EventKind::FolderMoved
        | EventKind::FolderDeleted
        | EventKind::FolderUndeleted
        | EventKind::WorkItemCreated
        | EventKind::WorkItemChanged
        | EventKind::WorkItemMoved
        | EventKind::WorkItemDeleted
        | EventKind::WorkItemUndeleted
        | EventKind::WorkItemCompleted
        | EventKind::WorkItemReopened
        | EventKind::DependencyCreated
        | EventKind::DependencyDeleted
        | EventKind::GrantChanged
        | EventKind::LabelCreated
        | EventKind::LabelChanged
        | EventKind::LabelDeleted
        | EventKind::GroupCreated
        | EventKind::GroupChanged
        | EventKind::GroupDeleted
        | EventKind::WebhookCreated
        | EventKind::WebhookChanged
        | EventKind::WebhookDisabled
        | EventKind::WebhookDeleted => &[ACTIVITY],
    }
}
