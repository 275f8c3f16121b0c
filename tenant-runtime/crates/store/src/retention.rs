//! Deleting what is kept for a limited time only, a bounded number of rows at a time: a long
//! DELETE would hold its locks, and the replicas, for as long.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;

use crate::StoreError;
use crate::sql::Sql;

/// How many rows one call deletes at most.
pub const ROWS_PER_CALL: u64 = 1000;

/// Deletes events of the outbox that were done before `before`, and tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_done_events(
    conn: &impl ConnectionTrait,
    before: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let sql = Sql::new("DELETE FROM outbox WHERE done_at < ? ORDER BY done_at");
    delete(sql.bind(before), conn).await
}

/// Deletes jobs that were done before `before`, and tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_done_jobs(
    conn: &impl ConnectionTrait,
    before: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let sql = Sql::new("DELETE FROM jobs WHERE done_at < ? ORDER BY done_at");
    delete(sql.bind(before), conn).await
}

/// Deletes notifications from before `before`, and tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_notifications(
    conn: &impl ConnectionTrait,
    before: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let sql = Sql::new("DELETE FROM notifications WHERE created_at < ? ORDER BY created_at");
    delete(sql.bind(before), conn).await
}

/// Deletes notes of mail from before `before`, and tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_notification_mails(
    conn: &impl ConnectionTrait,
    before: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let sql = Sql::new("DELETE FROM notification_mails WHERE created_at < ? ORDER BY created_at");
    delete(sql.bind(before), conn).await
}

/// Deletes answers to keyed requests from before `before`, and tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_idempotency_keys(
    conn: &impl ConnectionTrait,
    before: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let sql = Sql::new("DELETE FROM idempotency_keys WHERE created_at < ? ORDER BY created_at");
    delete(sql.bind(before), conn).await
}

/// Deletes deliveries of webhooks from before `before`, and tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_webhook_deliveries(
    conn: &impl ConnectionTrait,
    before: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let sql = Sql::new("DELETE FROM webhook_deliveries WHERE created_at < ? ORDER BY created_at");
    delete(sql.bind(before), conn).await
}

async fn delete(sql: Sql, conn: &impl ConnectionTrait) -> Result<u64, StoreError> {
    let sql = sql.text(&format!(" LIMIT {ROWS_PER_CALL}"));
    Ok(sql.run(conn).await?.rows_affected())
}
