//! Counting what a tenant used on a day, in its own database, for the control plane.

use broker::Envelope;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use cp_node_api::{NodeApi, NodeApiError, TenantUsage};
use db::{DbError, TenantPools};
use tr_store::{StoreError, usage};

use crate::queues::current;

/// The kind of its messages.
pub(crate) const COUNT_USAGE: &str = "tenant.count_usage";
/// The version of that kind.
pub(crate) const COUNT_USAGE_VERSION: u16 = 1;

/// A job of longer ago counts nothing: its day's events may be deleted by now.
const LATEST: TimeDelta = TimeDelta::days(2);

/// Why usage is not counted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsageError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Api(#[from] NodeApiError),
}

/// Counts the day before the slot of a job and reports it, also of a tenant that has moved since:
/// no other job counts that day. Repeating it is harmless.
pub(crate) async fn count(
    pools: &TenantPools,
    api: &NodeApi,
    job: &Envelope,
    now: DateTime<Utc>,
) -> Result<(), UsageError> {
    let slot = job.occurred_at;
    let today = slot.date_naive();
    let Some(day) = today.pred_opt().filter(|_| now - slot <= LATEST) else {
        return Ok(());
    };
    let span = [day, today].map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let (db, tenant) = current(pools, job).await?;
    let counted = usage::count(db.conn(), span.into()).await?;
    let report = TenantUsage {
        members: counted.members,
        items: counted.items,
        storage_bytes: counted.storage_bytes,
        events: counted.events,
        collected_at: now,
    };
    match api.report_usage(tenant.tenant, day, &report).await {
        // Not of this ring any more.
        Err(NodeApiError::NotFound) => Ok(()),
        other => other.map_err(UsageError::from),
    }
}
