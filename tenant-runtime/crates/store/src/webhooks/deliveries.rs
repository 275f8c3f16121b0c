//! The log of deliveries: what is to be sent, and how that went.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{DeliveryId, Limit, WebhookId};
use sea_orm::{ConnectionTrait, Value};
use tr_domain::DeliveryState;
use uuid::Uuid;

use crate::StoreError;
use crate::inserting;
use crate::jobs::{self, Job};
use crate::sql::{Columns, Sql};

/// The class whose consumer sends deliveries.
const CLASS: &str = "webhook";
/// The kind of its jobs, whose payload is the delivery's id.
pub const DELIVER: &str = "webhook.deliver";
/// The version of that kind.
pub const DELIVER_VERSION: u16 = 1;

/// One event for one webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct DeliveryRow {
    pub id: DeliveryId,
    pub webhook_id: WebhookId,
    pub event_number: Option<u64>,
    pub kind: String,
    pub body: String,
    pub state: DeliveryState,
    pub attempts: u16,
    pub last_status: Option<u16>,
    pub last_error: Option<String>,
    pub duration_ms: Option<u32>,
    pub response: Option<String>,
    pub next_attempt_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub attempted_at: Option<DateTime<Utc>>,
}

impl DeliveryRow {
    /// A delivery that nobody has tried yet.
    #[must_use]
    pub const fn new(
        id: DeliveryId,
        webhook_id: WebhookId,
        event_number: Option<u64>,
        kind: String,
        body: String,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            webhook_id,
            event_number,
            kind,
            body,
            state: DeliveryState::Pending,
            attempts: 0,
            last_status: None,
            last_error: None,
            duration_ms: None,
            response: None,
            next_attempt_at: Some(at),
            created_at: at,
            attempted_at: None,
        }
    }
}

/// Which deliveries of a webhook.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// In this state.
    pub state: Option<DeliveryState>,
    /// Of this kind of event.
    pub kind: Option<String>,
}

const SELECT: &str = "SELECT id, webhook_id, event_number, kind, body, state, attempts, \
    last_status, last_error, duration_ms, response, next_attempt_at, created_at, attempted_at \
    FROM webhook_deliveries WHERE ";

fn read(c: &mut Columns<'_>) -> Result<DeliveryRow, StoreError> {
    Ok(DeliveryRow {
        id: c.id()?,
        webhook_id: c.id()?,
        event_number: c.get()?,
        kind: c.get()?,
        body: c.get()?,
        state: c.word()?,
        attempts: c.get()?,
        last_status: c.get()?,
        last_error: c.get()?,
        duration_ms: c.get()?,
        response: c.get()?,
        next_attempt_at: c.get()?,
        created_at: c.time()?,
        attempted_at: c.get()?,
    })
}

/// Writes new deliveries.
///
/// # Errors
/// When a webhook has one for the event already, or the database fails.
pub async fn insert(conn: &impl ConnectionTrait, rows: Vec<DeliveryRow>) -> Result<(), StoreError> {
    let head = "INSERT INTO webhook_deliveries \
        (id, webhook_id, event_number, kind, body, state, attempts, last_status, last_error, \
        duration_ms, response, next_attempt_at, created_at, attempted_at) VALUES";
    inserting::insert(conn, head, rows, values, "").await
}

fn values(row: DeliveryRow) -> Result<Vec<Value>, StoreError> {
    Ok(vec![
        row.id.as_uuid().into(),
        row.webhook_id.as_uuid().into(),
        row.event_number.into(),
        row.kind.into(),
        row.body.into(),
        row.state.as_str().into(),
        row.attempts.into(),
        row.last_status.into(),
        row.last_error.into(),
        row.duration_ms.into(),
        row.response.into(),
        row.next_attempt_at.into(),
        row.created_at.into(),
        row.attempted_at.into(),
    ])
}

/// A delivery, whoever's it is.
///
/// # Errors
/// When the database fails.
pub async fn find(
    conn: &impl ConnectionTrait,
    id: DeliveryId,
) -> Result<Option<DeliveryRow>, StoreError> {
    let sql = Sql::new(SELECT).text("id = ?").bind(id.as_uuid());
    sql.one(conn, read).await
}

/// A delivery, locked for a change.
///
/// # Errors
/// When the database fails.
pub async fn find_locked(
    conn: &impl ConnectionTrait,
    id: DeliveryId,
) -> Result<Option<DeliveryRow>, StoreError> {
    let sql = Sql::new(SELECT)
        .text("id = ? FOR UPDATE")
        .bind(id.as_uuid());
    sql.one(conn, read).await
}

/// A webhook's deliveries before one, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    conn: &impl ConnectionTrait,
    webhook: WebhookId,
    filter: &DeliveryFilter,
    before: Option<DeliveryId>,
    limit: Limit,
) -> Result<Vec<DeliveryRow>, StoreError> {
    let mut sql = Sql::new(SELECT)
        .text("webhook_id = ?")
        .bind(webhook.as_uuid());
    if let Some(state) = filter.state {
        sql = sql.text(" AND state = ?").bind(state.as_str());
    }
    if let Some(kind) = &filter.kind {
        sql = sql.text(" AND kind = ?").bind(kind.clone());
    }
    if let Some(before) = before {
        sql = sql.text(" AND id < ?").bind(before.as_uuid());
    }
    sql.text(" ORDER BY id DESC")
        .page(limit)
        .all(conn, read)
        .await
}

/// The first failed deliveries since a time, locked, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn failed_since(
    conn: &impl ConnectionTrait,
    webhook: WebhookId,
    since: DateTime<Utc>,
    most: usize,
) -> Result<Vec<DeliveryRow>, StoreError> {
    Sql::new(SELECT)
        .text("webhook_id = ? AND state = ? AND created_at >= ? ORDER BY id")
        .bind(webhook.as_uuid())
        .bind(DeliveryState::Failed.as_str())
        .bind(since)
        .text(&format!(" LIMIT {most} FOR UPDATE"))
        .all(conn, read)
        .await
}

/// Whether a delivery may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It may, by whoever asked.
    Yes,
    /// The job sent it already, or there is nothing to send any more.
    Ended,
    /// Somebody is about to.
    Elsewhere,
}

/// Notes that a job is about to send a delivery. Nobody else may for the time of the lease: then
/// whoever was to do it has died, and it is sent once more. A job that noted how it went is not
/// told to send again, however late its other message comes.
///
/// # Errors
/// When the database fails.
pub async fn begin(
    conn: &impl ConnectionTrait,
    id: DeliveryId,
    job: Uuid,
    lease: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Begun, StoreError> {
    let begun = Sql::new(
        "UPDATE webhook_deliveries SET sending_job = ?, sending_until = ? \
         WHERE id = ? AND state = ? AND (sending_until <= ? \
         OR sending_until IS NULL AND (sending_job IS NULL OR sending_job <> ?))",
    )
    .bind(job)
    .bind(now + lease)
    .bind(id.as_uuid())
    .bind(DeliveryState::Pending.as_str())
    .bind(now)
    .bind(job)
    .run(conn)
    .await?;
    if begun.rows_affected() > 0 {
        return Ok(Begun::Yes);
    }
    let under_way = Sql::new(
        "SELECT 1 FROM webhook_deliveries \
         WHERE id = ? AND state = ? AND sending_until IS NOT NULL",
    )
    .bind(id.as_uuid())
    .bind(DeliveryState::Pending.as_str())
    .one(conn, |c| c.get::<i64>())
    .await?;
    Ok(match under_way {
        Some(_) => Begun::Elsewhere,
        None => Begun::Ended,
    })
}

/// Writes how a delivery stands now. Nobody sends it any more.
///
/// # Errors
/// When the database fails.
pub async fn update(conn: &impl ConnectionTrait, row: &DeliveryRow) -> Result<(), StoreError> {
    Sql::new(
        "UPDATE webhook_deliveries SET state = ?, attempts = ?, last_status = ?, last_error = ?, \
         duration_ms = ?, response = ?, next_attempt_at = ?, attempted_at = ?, \
         sending_until = NULL WHERE id = ?",
    )
    .bind(row.state.as_str())
    .bind(row.attempts)
    .bind(row.last_status)
    .bind(row.last_error.clone())
    .bind(row.duration_ms)
    .bind(row.response.clone())
    .bind(row.next_attempt_at)
    .bind(row.attempted_at)
    .bind(row.id.as_uuid())
    .run(conn)
    .await
    .map(drop)
}

/// Begins deliveries anew, to be tried at a time. Who sends one now does not keep it waiting, and
/// is not believed any more.
///
/// # Errors
/// When the database fails.
pub async fn renew(
    conn: &impl ConnectionTrait,
    ids: &[DeliveryId],
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    Sql::new(
        "UPDATE webhook_deliveries SET state = ?, attempts = 0, next_attempt_at = ?, \
         sending_job = NULL, sending_until = NULL WHERE id IN ",
    )
    .bind(DeliveryState::Pending.as_str())
    .bind(at)
    .ids(ids.iter().copied())
    .run(conn)
    .await
    .map(drop)
}

/// An attempt that is planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The new id of its job.
    pub job: Uuid,
    /// What is tried.
    pub delivery: DeliveryId,
    /// When.
    pub at: DateTime<Utc>,
    /// The trace of the request that caused it.
    pub traceparent: Option<String>,
}

/// Has deliveries tried; when that is planned already, at the earlier of both times.
///
/// # Errors
/// When the database fails.
pub async fn schedule(
    conn: &impl ConnectionTrait,
    planned: Vec<Planned>,
) -> Result<(), StoreError> {
    let jobs = planned.into_iter().map(|planned| {
        let job = Job {
            id: planned.job,
            class: CLASS,
            kind: DELIVER,
            version: DELIVER_VERSION,
            key: format!("delivery:{}", planned.delivery),
            payload: serde_json::json!({ "delivery_id": planned.delivery }),
            due_at: planned.at,
        };
        (job, planned.traceparent)
    });
    jobs::schedule_all(conn, jobs.collect()).await
}
