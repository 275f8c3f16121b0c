//! Jobs: what is to be done at a time, written in any transaction. The relay publishes a job when
//! it is due, and its class's consumer does it once.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use uuid::Uuid;

use crate::StoreError;
use crate::sql::Sql;

/// A job to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// A new id.
    pub id: Uuid,
    /// The class that does it.
    pub class: &'static str,
    /// Its kind, as its consumer knows it: `notification.mail`.
    pub kind: &'static str,
    /// The version of its payload.
    pub version: u16,
    /// What makes it the same job as another, in ASCII: `mail:{member}:{object}`.
    pub key: String,
    /// What its consumer must know.
    pub payload: Value,
    /// When it is due.
    pub due_at: DateTime<Utc>,
}

/// Has a job done. When one of its class and key waits already, that one stays, and is due at the
/// earlier of both times. One that was taken up by its consumer does not wait any more.
///
/// # Errors
/// When the database fails.
pub async fn schedule(
    conn: &impl ConnectionTrait,
    job: Job,
    traceparent: Option<&str>,
) -> Result<(), StoreError> {
    Sql::new(
        "INSERT INTO jobs (id, class, kind, version, job_key, payload, due_at, traceparent) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) \
         ON DUPLICATE KEY UPDATE due_at = LEAST(due_at, VALUE(due_at))",
    )
    .bind(job.id)
    .bind(job.class)
    .bind(job.kind)
    .bind(job.version)
    .bind(job.key)
    .bind(job.payload.to_string())
    .bind(job.due_at)
    .bind(traceparent)
    .run(conn)
    .await
    .map(drop)
}

/// Has a job that waits not done after all, and tells whether there was one.
///
/// # Errors
/// When the database fails.
pub async fn cancel(
    conn: &impl ConnectionTrait,
    class: &str,
    key: &str,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let changed = Sql::new(
        "UPDATE jobs FORCE INDEX (jobs_open) \
         SET taken_at = ?, done_at = ?, published_at = COALESCE(published_at, ?) \
         WHERE class = ? AND open_key = ?",
    )
    .bind(at)
    .bind(at)
    .bind(at)
    .bind(class)
    .bind(key)
    .run(conn)
    .await?;
    Ok(changed.rows_affected() > 0)
}
