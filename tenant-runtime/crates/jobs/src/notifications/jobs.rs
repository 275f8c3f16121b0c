//! The jobs that tell people: mail is of a class of its own, so that nobody in the app waits for it.

use broker::Class;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::{MemberId, WorkItemId};
use serde::{Deserialize, Serialize};
use tr_domain::LocalMinute;
use tr_store::{StoreError, jobs::Job};
use uuid::Uuid;

/// The version of all of them.
pub(super) const VERSION: u16 = 1;
/// Mail about one thing.
pub(super) const MAIL: &str = "notification.mail";
/// Mail about a day.
pub(super) const DIGEST: &str = "notification.digest";
/// Reminding of a time.
pub(super) const REMIND: &str = "notification.remind";

/// Mail to a member about one thing.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct MailJob {
    pub(super) member: MemberId,
    pub(super) object: Uuid,
}

/// A member's digest of a date.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct DigestJob {
    pub(super) member: MemberId,
    pub(super) date: NaiveDate,
}

/// Reminding somebody of when something is due.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct RemindJob {
    pub(super) member: MemberId,
    pub(super) item: WorkItemId,
    pub(super) due: LocalMinute,
}

impl MailJob {
    /// One for a thing and a person at a time: what comes later is told with it.
    pub(super) fn due(&self, at: DateTime<Utc>) -> Result<Job, StoreError> {
        let key = format!("mail:{}:{}", self.member, self.object);
        job((Class::Mail, MAIL), key, self, at)
    }
}

impl DigestJob {
    /// One a person and date.
    pub(super) fn due(&self, at: DateTime<Utc>) -> Result<Job, StoreError> {
        let key = format!("digest:{}:{}", self.member, self.date);
        job((Class::Mail, DIGEST), key, self, at)
    }
}

impl RemindJob {
    /// One for a person, a thing and when it is due.
    pub(super) fn due(&self, at: DateTime<Utc>) -> Result<Job, StoreError> {
        let key = format!("remind:{}:{}:{}", self.member, self.item, self.due);
        job((Class::Notification, REMIND), key, self, at)
    }
}

fn job(
    (class, kind): (Class, &'static str),
    key: String,
    payload: &impl Serialize,
    due_at: DateTime<Utc>,
) -> Result<Job, StoreError> {
    let payload = serde_json::to_value(payload)?;
    Ok(Job {
        id: Uuid::now_v7(),
        class: class.name(),
        kind,
        version: VERSION,
        key,
        payload,
        due_at,
    })
}
