//! The consumer of class `housekeeping`: deletes what a tenant keeps for a limited time only.
//! Repeating a job is harmless, since it goes by age.

use broker::{Handler, Incoming, Verdict};
use chrono::{DateTime, TimeDelta, Utc};
use clock::Clock;
use db::{DbError, PlacementError, TenantPools};
use kernel::TenantContext;
use sea_orm::DatabaseConnection;
use tr_store::{StoreError, retention};

/// The kind of its messages.
pub(crate) const PURGE: &str = "tenant.purge";
/// The version of that kind.
pub(crate) const PURGE_VERSION: u16 = 1;

/// Rows that one job deletes at most, in thousands: what is left waits for the next.
const CALLS_PER_JOB: usize = 50;

/// How long things are kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Events and jobs that are done; live clients resume from the events.
    pub done_events: TimeDelta,
    /// Answers to keyed requests.
    pub idempotency_keys: TimeDelta,
    /// Deliveries of webhooks.
    pub webhook_deliveries: TimeDelta,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            done_events: TimeDelta::days(7),
            idempotency_keys: TimeDelta::hours(24),
            webhook_deliveries: TimeDelta::days(30),
        }
    }
}

/// Deletes what is past its time.
#[derive(Clone)]
pub struct HousekeepingHandler {
    pools: TenantPools,
    clock: Clock,
    retention: Retention,
}

impl HousekeepingHandler {
    /// A handler.
    #[must_use]
    pub const fn new(pools: TenantPools, clock: Clock, retention: Retention) -> Self {
        Self {
            pools,
            clock,
            retention,
        }
    }

    async fn purge(&self, tenant: &TenantContext) -> Result<(), PurgeError> {
        let db = self.pools.get(tenant).await?;
        let now = self.clock.now();
        let events = events(db.conn(), now - self.retention.done_events).await?;
        let jobs = jobs(db.conn(), now - self.retention.done_events).await?;
        let keys = keys(db.conn(), now - self.retention.idempotency_keys).await?;
        let sent = deliveries(db.conn(), now - self.retention.webhook_deliveries).await?;
        metrics::counter!("purged_rows_total", "of" => "webhook_deliveries").increment(sent);
        metrics::counter!("purged_rows_total", "of" => "outbox").increment(events);
        metrics::counter!("purged_rows_total", "of" => "jobs").increment(jobs);
        metrics::counter!("purged_rows_total", "of" => "idempotency_keys").increment(keys);
        tracing::debug!(tenant.id = %tenant.tenant, events, jobs, keys, "purged");
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
enum PurgeError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

async fn events(conn: &DatabaseConnection, before: DateTime<Utc>) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for _ in 0..CALLS_PER_JOB {
        let now = retention::delete_done_events(conn, before).await?;
        deleted += now;
        if now < retention::ROWS_PER_CALL {
            break;
        }
    }
    Ok(deleted)
}

async fn jobs(conn: &DatabaseConnection, before: DateTime<Utc>) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for _ in 0..CALLS_PER_JOB {
        let now = retention::delete_done_jobs(conn, before).await?;
        deleted += now;
        if now < retention::ROWS_PER_CALL {
            break;
        }
    }
    Ok(deleted)
}

async fn deliveries(conn: &DatabaseConnection, before: DateTime<Utc>) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for _ in 0..CALLS_PER_JOB {
        let now = retention::delete_webhook_deliveries(conn, before).await?;
        deleted += now;
        if now < retention::ROWS_PER_CALL {
            break;
        }
    }
    Ok(deleted)
}

async fn keys(conn: &DatabaseConnection, before: DateTime<Utc>) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for _ in 0..CALLS_PER_JOB {
        let now = retention::delete_idempotency_keys(conn, before).await?;
        deleted += now;
        if now < retention::ROWS_PER_CALL {
            break;
        }
    }
    Ok(deleted)
}

impl Handler for HousekeepingHandler {
    async fn handle(&self, batch: &[Incoming]) -> Vec<Verdict> {
        let mut verdicts = Vec::with_capacity(batch.len());
        for message in batch {
            let envelope = &message.envelope;
            verdicts.push(
                if envelope.kind != PURGE || envelope.version != PURGE_VERSION {
                    Verdict::Dead(format!(
                        "unknown job {:?} {}",
                        envelope.kind, envelope.version
                    ))
                } else {
                    match self.purge(&envelope.context()).await {
                        Ok(()) => Verdict::Done,
                        // A tenant that has moved on is purged by the next job.
                        Err(PurgeError::Database(
                            DbError::Generation { .. }
                            | DbError::Placement(PlacementError::Unknown),
                        )) => Verdict::Done,
                        Err(error) => Verdict::Retry(error.to_string()),
                    }
                },
            );
        }
        verdicts
    }
}
