//! What happens after an event: the one table of who handles it, and of what follows from that.
//!
//! An event gets a row in the outbox for each class in its line here. The class's messages lead its
//! consumer to that row, and the consumer gives it its effect: see [`HANDLERS`]. What is to be done
//! later, or over a wire, is a job that an effect writes: see [`JOBS`]. That the effects know these
//! and no others is tested beside them, in `tr_jobs`.

use tr_domain::event::EventKind;

/// The activity log and what follows from it.
pub const ACTIVITY: &str = "activity";
/// What people are told in the app.
pub const NOTIFICATION: &str = "notification";
/// What people are told by mail.
pub const MAIL: &str = "mail";
/// What other programs are told.
pub const WEBHOOK: &str = "webhook";
/// What is done in every tenant from time to time.
pub const HOUSEKEEPING: &str = "housekeeping";

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
        does: "writes an entry for each changed field into the activity log, and a delivery for \
               each webhook that wants to hear of it, with its job",
    },
];

/// A kind of job, and who does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobKind {
    /// The kind.
    pub kind: &'static str,
    /// Who has it done.
    pub from: &'static str,
    /// The class that does it.
    pub class: &'static str,
    /// The effect in `tr_jobs`, as it is called there.
    pub effect: &'static str,
    /// What it does.
    pub does: &'static str,
}

/// What follows later: the jobs that handlers, requests and timers have done.
pub const JOBS: &[JobKind] = &[
    JobKind {
        kind: "notification.mail",
        from: "Notifier, of one thing and person; MailSender, if it has not settled",
        class: MAIL,
        effect: "MailSender",
        does: "mails what is still so, unread and seen, once it has settled",
    },
    JobKind {
        kind: "notification.digest",
        from: "Notifier, of one person and date",
        class: MAIL,
        effect: "MailSender",
        does: "mails a day's news at the person's hour",
    },
    JobKind {
        kind: "notification.remind",
        from: "Notifier, of one person, thing and due time",
        class: NOTIFICATION,
        effect: "Notifier",
        does: "tells whoever it is assigned to that it is due soon",
    },
    JobKind {
        kind: "webhook.deliver",
        from: "ActivityLog; WebhookSender, after a failure; who replays or tests",
        class: WEBHOOK,
        effect: "WebhookSender",
        does: "sends a delivery, and disables a webhook that took nothing for days",
    },
    JobKind {
        kind: "tenant.purge",
        from: "the timer `purge`",
        class: HOUSEKEEPING,
        effect: "HousekeepingHandler",
        does: "deletes what is kept for a limited time only",
    },
    JobKind {
        kind: "tenant.count_usage",
        from: "the timer `usage`",
        class: HOUSEKEEPING,
        effect: "HousekeepingHandler",
        does: "counts what was used the day before",
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
