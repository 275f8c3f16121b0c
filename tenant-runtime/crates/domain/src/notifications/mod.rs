//! Telling people what concerns them: which events they are told of and who, by which ways, and
//! when mail goes out.

mod digest;
mod holds;
mod id;
mod rules;
mod settings;
mod settle;
mod zone;

pub use digest::{Digest, next_digest};
pub use holds::{Present, merge_dates};
pub use id::NotificationId;
pub use rules::{Cause, RULES, Rule, Told, Who, concerned, rule};
pub use settings::{Choice, OwnSettings, TenantSettings, Way};
pub use settle::{Settled, settle};
pub use zone::TimeZone;

pub use crate::words::{MailChoice, Trigger};
