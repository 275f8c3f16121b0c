//! The jobs of the class.

use broker::Class;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::{MemberId, WorkItemId};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use tr_domain::LocalMinute;
use tr_store::{
    StoreError,
    jobs::{self, Job},
};
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
    pub(super) async fn schedule(
        &self,
        conn: &impl ConnectionTrait,
        due_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let key = format!("mail:{}:{}", self.member, self.object);
        schedule(conn, MAIL, key, self, due_at).await
    }
}

impl DigestJob {
    /// One a person and date.
    pub(super) async fn schedule(
        &self,
        conn: &impl ConnectionTrait,
        due_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let key = format!("digest:{}:{}", self.member, self.date);
        schedule(conn, DIGEST, key, self, due_at).await
    }
}

impl RemindJob {
    /// One for a person, a thing and when it is due.
    pub(super) async fn schedule(
        &self,
        conn: &impl ConnectionTrait,
        due_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let key = format!("remind:{}:{}:{}", self.member, self.item, self.due);
        schedule(conn, REMIND, key, self, due_at).await
    }
}

async fn schedule(
    conn: &impl ConnectionTrait,
    kind: &'static str,
    key: String,
    payload: &(impl Serialize + Sync),
    due_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let payload =
        serde_json::to_value(payload).map_err(|error| StoreError::Unreadable(error.to_string()))?;
    let job = Job {
        id: Uuid::now_v7(),
        class: Class::Notification.name(),
        kind,
        version: VERSION,
        key,
        payload,
        due_at,
    };
    jobs::schedule(conn, job, None).await
}
