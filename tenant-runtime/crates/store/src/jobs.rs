//! Jobs: what is to be done at a time, written in any transaction. The relay publishes a job when
//! it is due, and its class's consumer does it once.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use uuid::Uuid;

use crate::StoreError;
use crate::inserting::insert;

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
    schedule_all(conn, vec![(job, traceparent.map(str::to_owned))]).await
}

/// Has jobs done, as [`schedule`] has each; with the trace of the request that caused it.
///
/// # Errors
/// When the database fails.
pub async fn schedule_all(
    conn: &impl ConnectionTrait,
    jobs: Vec<(Job, Option<String>)>,
) -> Result<(), StoreError> {
    let head = "INSERT INTO jobs \
        (id, class, kind, version, job_key, payload, due_at, traceparent) VALUES";
    let tail = " ON DUPLICATE KEY UPDATE due_at = LEAST(due_at, VALUE(due_at))";
    insert(conn, head, jobs, row, tail).await
}

fn row((job, traceparent): (Job, Option<String>)) -> Result<Vec<sea_orm::Value>, StoreError> {
    Ok(vec![
        job.id.into(),
        job.class.into(),
        job.kind.into(),
        job.version.into(),
        job.key.into(),
        job.payload.to_string().into(),
        job.due_at.into(),
        traceparent.into(),
    ])
}
