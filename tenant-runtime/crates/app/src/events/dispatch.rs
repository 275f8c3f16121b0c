//! What happens after an event: the one table of who handles it.
//!
//! An event gets a row in the outbox for each class in its line here. The class's messages lead its
//! consumer to that row, and the consumer gives it its effect: see [`HANDLERS`].

use tr_domain::event::EventKind;

/// The activity log and what follows from it.
pub const ACTIVITY: &str = "activity";
/// What people are told.
pub const NOTIFICATION: &str = "notification";

/// Who handles the events of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handler {
    /// The class.
    pub class: &'static str,
    /// The effect in `tr_jobs`, as it is called there.
    pub effect: &'static str,
    /// What it does with an event.
    pub does: &'static str,
}

/// The handlers of the classes in the table.
pub const HANDLERS: &[Handler] = &[
    Handler {
        class: NOTIFICATION,
        effect: "Notifier",
        does: "tells whoever it concerns, as `tr_domain::notifications::RULES` says",
    },
    Handler {
        class: ACTIVITY,
        effect: "ActivityLog",
        does: "writes an entry for each changed field into the activity log",
    },
];

/// The classes that handle events of a kind; the outbox has a row for each.
#[must_use]
pub const fn classes(kind: EventKind) -> &'static [&'static str] {
    use EventKind as E;
    match kind {
        E::FolderCreated => &[ACTIVITY],
        E::FolderChanged => &[ACTIVITY],
        E::FolderMoved => &[ACTIVITY],
        E::FolderDeleted => &[ACTIVITY],
        E::FolderUndeleted => &[ACTIVITY],
        E::WorkItemCreated => &[ACTIVITY, NOTIFICATION],
        E::WorkItemChanged => &[ACTIVITY, NOTIFICATION],
        E::WorkItemMoved => &[ACTIVITY],
        E::WorkItemDeleted => &[ACTIVITY],
        E::WorkItemUndeleted => &[ACTIVITY, NOTIFICATION],
        E::WorkItemCompleted => &[ACTIVITY, NOTIFICATION],
        E::WorkItemReopened => &[ACTIVITY, NOTIFICATION],
        E::DependencyCreated => &[ACTIVITY],
        E::DependencyDeleted => &[ACTIVITY],
        E::GrantChanged => &[ACTIVITY, NOTIFICATION],
        E::LabelCreated => &[ACTIVITY],
        E::LabelChanged => &[ACTIVITY],
        E::LabelDeleted => &[ACTIVITY],
        E::GroupCreated => &[ACTIVITY],
        E::GroupChanged => &[ACTIVITY],
        E::GroupDeleted => &[ACTIVITY],
        E::WebhookCreated => &[ACTIVITY],
        E::WebhookChanged => &[ACTIVITY],
        E::WebhookDisabled => &[ACTIVITY],
        E::WebhookDeleted => &[ACTIVITY],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_in_the_table_has_its_handler() {
        for kind in EventKind::ALL {
            // Live clients resume from the rows of this class.
            assert!(classes(*kind).contains(&ACTIVITY), "{kind:?}");
            for class in classes(*kind) {
                let handlers = HANDLERS.iter().filter(|handler| handler.class == *class);
                assert_eq!(handlers.count(), 1, "{class}");
            }
        }
    }
}
