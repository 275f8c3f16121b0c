//! Deleting what is kept for a limited time only, a bounded number of rows at a time: a long
//! DELETE would hold its locks, and the replicas, for as long.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;

use crate::StoreError;
use crate::sql::Sql;

/// How many rows one call deletes at most.
pub const ROWS_PER_CALL: u64 = 1000;

/// What is kept for a limited time only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Events of the outbox, from when they were done.
    Events,
    /// Jobs, from when they were done.
    Jobs,
    /// Answers to keyed requests.
    IdempotencyKeys,
    /// Deliveries of webhooks.
    WebhookDeliveries,
    /// What members were told.
    Notifications,
    /// Notes of mail.
    NotificationMails,
}

impl Kept {
    /// The table, and the column that says how old a row is.
    const fn table(self) -> (&'static str, &'static str) {
        match self {
            Self::Events => ("outbox", "done_at"),
            Self::Jobs => ("jobs", "done_at"),
            Self::IdempotencyKeys => ("idempotency_keys", "created_at"),
            Self::WebhookDeliveries => ("webhook_deliveries", "created_at"),
            Self::Notifications => ("notifications", "created_at"),
            Self::NotificationMails => ("notification_mails", "created_at"),
        }
    }
}

/// Deletes rows from before `before`, and tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete(
    conn: &impl ConnectionTrait,
    kept: Kept,
    before: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let (table, age) = kept.table();
    let text = format!("DELETE FROM {table} WHERE {age} < ? ORDER BY {age} LIMIT {ROWS_PER_CALL}");
    Ok(Sql::new(text).bind(before).run(conn).await?.rows_affected())
}
