//! Classes `notification` and `mail`: tell people what concerns them.
//!
//! An event becomes notifications in the transaction that marks it done: rows that the app shows
//! at once. Mail is a job of another class, so that nobody in the app waits for a mail server: of
//! one thing once it has settled, of a day at the person's hour. The job looks again at what is
//! still so, unread and seen by them, notes that it sends, and sends. Reminders are jobs, too.

mod facts;
mod jobs;
mod mail;
mod news;
mod notifier;
mod people;
mod remind;
mod sender;
mod tell;

pub use facts::{Facts, FactsError, FleetFacts, TenantFacts};
pub use notifier::{Notifier, Told};
pub use sender::MailSender;
