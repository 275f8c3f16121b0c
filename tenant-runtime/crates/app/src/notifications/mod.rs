//! What a member was told: reading it, and deciding by which ways they are told. Told they are by
//! the consumer of the class `notification`.

mod error;
mod link;
mod list;
mod mark;
mod settings;
mod unsubscribe;

pub use error::NotificationError;
pub use link::{Link, LinkKey};
pub use list::{NotificationFilter, count_unread, list_notifications};
pub use mark::{mark_notification, mark_notifications_read};
pub use settings::{
    PutDefaults, PutOwn, default_settings, own_settings, put_default_settings, put_own_settings,
};
pub use unsubscribe::{link_subject, unsubscribe};
