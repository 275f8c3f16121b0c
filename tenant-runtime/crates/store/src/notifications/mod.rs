//! What members were told, by which ways, and the mail that told it.

mod about;
mod mails;
mod rows;
mod settings;
mod telling;

pub use about::{About, about, custom_group_members, person, seeing, workers};
pub use mails::{Begun, begin_mail, end_mail, is_begun, key, put_key};
pub use rows::{NotificationRow, Object, find, list, to_mail, unread_count};
pub use settings::{
    TENANT, lock_own_settings, own_settings, put_settings, settings_of, tenant_settings,
};
pub use telling::{
    Mailing, NewNotification, insert, mark_mail, mark_one, mark_up_to, take_into_mail, undoable,
    waiting, was_reminded, withdraw,
};
