//! The consumer of class `housekeeping`: what timers have done in each tenant. It deletes what is
//! kept for a limited time only, by age, and counts what was used on a day, of which the control
//! plane keeps one count: repeating a job is harmless.

use std::time::Duration;

use broker::{Class, Envelope, Handler, Incoming, Verdict};
use chrono::{DateTime, TimeDelta, Utc};
use clock::Clock;
use cp_node_api::NodeApi;
use db::{DbError, PlacementError, TenantPools};
use futures_util::future::join_all;
use kernel::TenantContext;
use sea_orm::DatabaseConnection;
use tokio::time::timeout;
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

/// How long one job may take. A connection whose server went silent in the middle of a statement
/// would be waited on for ever, and its consumer takes nothing new meanwhile.
const WITHIN: Duration = Duration::from_secs(120);

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
    within: Duration,
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
            within: WITHIN,
        }
    }

    /// The same with another limit for one job, for tests.
    #[must_use]
    pub const fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
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
        let done = timeout(self.within, self.job(envelope)).await;
        match done.unwrap_or(Err(JobError::Late)) {
            Ok(()) => Verdict::Done,
            Err(JobError::Unknown) => {
                let (kind, version) = (&envelope.kind, envelope.version);
                Verdict::Dead(format!("unknown job {kind:?} {version}"))
            }
            Err(error) if error.is_of_the_past() => Verdict::Done,
            // The next hour's job does the same; a day's usage nobody else counts.
            Err(error) if envelope.kind == PURGE && message.attempt >= LAST => {
                metrics::counter!("purges_skipped_total").increment(1);
                tracing::warn!(%error, tenant.id = %envelope.tenant, "not purged; the next job does it");
                Verdict::Done
            }
            Err(error) => Verdict::Retry(error.to_string()),
        }
    }

    async fn job(&self, envelope: &Envelope) -> Result<(), JobError> {
        match (envelope.kind.as_str(), envelope.version) {
            (PURGE, PURGE_VERSION) => self.purge(&envelope.context()).await?,
            (COUNT_USAGE, COUNT_USAGE_VERSION) => {
                usage::count(&self.pools, &self.api, envelope, self.clock.now()).await?;
            }
            _ => return Err(JobError::Unknown),
        }
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error("unknown job")]
    Unknown,
    #[error("the job took too long")]
    Late,
    #[error(transparent)]
    Purge(#[from] PurgeError),
    #[error(transparent)]
    Usage(#[from] UsageError),
}

impl JobError {
    /// A tenant that has moved on is purged by the next job, and one that is not in service here by
    /// nobody. A day's usage is counted whatever the generation is.
    const fn is_of_the_past(&self) -> bool {
        match self {
            Self::Purge(PurgeError::Database(DbError::Generation { .. })) => true,
            Self::Purge(PurgeError::Database(error)) | Self::Usage(UsageError::Database(error)) => {
                matches!(error, DbError::Placement(PlacementError::Unknown))
            }
            _ => false,
        }
    }
}

impl Handler for HousekeepingHandler {
    /// All at once: the tenants of a server that does not answer hold up none of another.
    async fn handle(&self, batch: &[Incoming]) -> Vec<Verdict> {
        join_all(batch.iter().map(|message| self.verdict(message))).await
    }
}
