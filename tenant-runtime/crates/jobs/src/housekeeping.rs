//! The consumer of class `housekeeping`: what timers have done in each tenant. It deletes what is
//! kept for a limited time only, by age, and counts what was used on a day, of which the control
//! plane keeps one count: repeating a job is harmless.

use broker::{Class, Handler, Incoming, Verdict};
use chrono::{DateTime, TimeDelta, Utc};
use clock::Clock;
use cp_node_api::NodeApi;
use db::{DbError, PlacementError, TenantPools};
use kernel::TenantContext;
use sea_orm::DatabaseConnection;
use tr_store::{
    StoreError,
    retention::{self, Kept},
};

use crate::usage::{self, COUNT_USAGE, COUNT_USAGE_VERSION, UsageError};

/// The kind of its messages.
pub(crate) const PURGE: &str = "tenant.purge";
/// The version of that kind.
pub(crate) const PURGE_VERSION: u16 = 1;

/// The attempt after which a job is not tried again.
const LAST: u32 = Class::Housekeeping.spec().attempts;

/// Rows that one job deletes at most, in thousands: what is left waits for the next.
const CALLS_PER_JOB: usize = 50;

/// How long things are kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Events and jobs that are done; live clients resume from the events. Dead ones stay, since
    /// redriving reads them.
    pub done_events: TimeDelta,
    /// Answers to keyed requests.
    pub idempotency_keys: TimeDelta,
    /// Deliveries of webhooks.
    pub webhook_deliveries: TimeDelta,
    /// What people were told, and notes of mail.
    pub notifications: TimeDelta,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            done_events: TimeDelta::days(7),
            idempotency_keys: TimeDelta::hours(24),
            webhook_deliveries: TimeDelta::days(30),
            notifications: TimeDelta::days(180),
        }
    }
}

impl Retention {
    /// What is kept, under its name in metrics, for how long.
    const fn times(&self) -> [(&'static str, Kept, TimeDelta); 6] {
        [
            ("outbox", Kept::Events, self.done_events),
            ("jobs", Kept::Jobs, self.done_events),
            (
                "idempotency_keys",
                Kept::IdempotencyKeys,
                self.idempotency_keys,
            ),
            (
                "webhook_deliveries",
                Kept::WebhookDeliveries,
                self.webhook_deliveries,
            ),
            ("notifications", Kept::Notifications, self.notifications),
            ("notifications", Kept::NotificationMails, self.notifications),
        ]
    }
}

/// Deletes what is past its time, counts what was used.
#[derive(Clone)]
pub struct HousekeepingHandler {
    pools: TenantPools,
    api: NodeApi,
    clock: Clock,
    retention: Retention,
}

impl HousekeepingHandler {
    /// A handler.
    #[must_use]
    pub const fn new(pools: TenantPools, api: NodeApi, clock: Clock, retention: Retention) -> Self {
        Self {
            pools,
            api,
            clock,
            retention,
        }
    }

    async fn purge(&self, tenant: &TenantContext) -> Result<(), PurgeError> {
        let db = self.pools.get(tenant).await?;
        let now = self.clock.now();
        for (of, kept, time) in self.retention.times() {
            let rows = past(db.conn(), kept, now - time).await?;
            metrics::counter!("purged_rows_total", "of" => of).increment(rows);
            tracing::debug!(tenant.id = %tenant.tenant, ?kept, rows, "purged");
        }
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

/// Deletes what is past its time, as much as one job may.
async fn past(
    conn: &DatabaseConnection,
    kept: Kept,
    before: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for _ in 0..CALLS_PER_JOB {
        let now = retention::delete(conn, kept, before).await?;
        deleted += now;
        if now < retention::ROWS_PER_CALL {
            break;
        }
    }
    Ok(deleted)
}

impl HousekeepingHandler {
    async fn verdict(&self, message: &Incoming) -> Verdict {
        let envelope = &message.envelope;
        let tenant = envelope.context();
        let done = match (envelope.kind.as_str(), envelope.version) {
            (PURGE, PURGE_VERSION) => self.purge(&tenant).await.map_err(JobError::from),
            (COUNT_USAGE, COUNT_USAGE_VERSION) => {
                let (slot, now) = (envelope.occurred_at, self.clock.now());
                let counted = usage::count(&self.pools, &self.api, &tenant, slot, now);
                counted.await.map_err(JobError::from)
            }
            (kind, version) => return Verdict::Dead(format!("unknown job {kind:?} {version}")),
        };
        match done {
            Ok(()) => Verdict::Done,
            Err(error) if error.is_of_the_past() => Verdict::Done,
            // The next hour's job does the same; a day's usage nobody else counts.
            Err(JobError::Purge(error)) if message.attempt >= LAST => {
                metrics::counter!("purges_skipped_total").increment(1);
                tracing::warn!(%error, tenant.id = %tenant.tenant, "not purged; the next job does it");
                Verdict::Done
            }
            Err(error) => Verdict::Retry(error.to_string()),
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error(transparent)]
    Purge(#[from] PurgeError),
    #[error(transparent)]
    Usage(#[from] UsageError),
}

impl JobError {
    /// A tenant that has moved on is looked after by the next job.
    const fn is_of_the_past(&self) -> bool {
        let (Self::Purge(PurgeError::Database(error)) | Self::Usage(UsageError::Database(error))) =
            self
        else {
            return false;
        };
        matches!(
            error,
            DbError::Generation { .. } | DbError::Placement(PlacementError::Unknown)
        )
    }
}

impl Handler for HousekeepingHandler {
    async fn handle(&self, batch: &[Incoming]) -> Vec<Verdict> {
        let mut verdicts = Vec::with_capacity(batch.len());
        for message in batch {
            verdicts.push(self.verdict(message).await);
        }
        verdicts
    }
}
