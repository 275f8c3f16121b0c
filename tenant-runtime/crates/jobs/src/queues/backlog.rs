//! What waits in which tenant. The relay says which tenants have something that is not done, as it
//! passes through them; only these are counted, and none for longer than it has something.

use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use clock::Clock;
use cp_node_api::TenantBacklog;
use db::TenantPools;
use futures_util::{StreamExt, stream};
use kernel::{TenantContext, TenantId};
use tokio_util::sync::CancellationToken;
use tr_store::backlog;

/// How often is counted.
const EVERY: Duration = Duration::from_secs(2);
/// How many tenants are counted each time, the least lately counted first.
const TENANTS_EACH_TIME: usize = 100;
/// How many at a time.
const TENANTS_AT_A_TIME: usize = 4;
/// How many rows a report has at most.
const ROWS: usize = 500;

/// What waits in which tenant. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Backlog(Arc<Mutex<HashMap<TenantId, Entry>>>);

#[derive(Debug)]
struct Entry {
    tenant: TenantContext,
    counted: Option<Instant>,
    classes: Vec<TenantBacklog>,
}

impl Backlog {
    /// Notes that the relay found something in a tenant that is not done.
    pub(crate) fn saw(&self, tenant: TenantContext) {
        let mut known = self.lock();
        let entry = known.entry(tenant.tenant).or_insert(Entry {
            tenant,
            counted: None,
            classes: Vec::new(),
        });
        if tenant.generation > entry.tenant.generation {
            entry.tenant = tenant;
        }
    }

    /// What waits, the longest waiting first; not more than a report may have.
    #[must_use]
    pub fn now(&self) -> Vec<TenantBacklog> {
        let known = self.lock();
        let mut rows: Vec<_> = known
            .values()
            .flat_map(|entry| entry.classes.clone())
            .collect();
        rows.sort_by_key(|row| (row.oldest_at, Reverse(row.waiting + row.outstanding)));
        rows.truncate(ROWS);
        rows
    }

    /// When the oldest event of a class happened that is not done.
    pub(crate) fn oldest(&self, class: &str) -> Option<DateTime<Utc>> {
        let known = self.lock();
        let rows = known.values().flat_map(|entry| &entry.classes);
        rows.filter(|row| row.class == class)
            .filter_map(|row| row.oldest_at)
            .min()
    }

    fn due(&self) -> Vec<TenantContext> {
        let known = self.lock();
        let mut due: Vec<_> = known
            .values()
            .map(|entry| (entry.counted, entry.tenant))
            .collect();
        drop(known);
        due.sort_by_key(|(counted, _)| *counted);
        due.truncate(TENANTS_EACH_TIME);
        due.into_iter().map(|(_, tenant)| tenant).collect()
    }

    fn counted(&self, tenant: TenantId, classes: Vec<TenantBacklog>) {
        let mut known = self.lock();
        if classes.is_empty() {
            known.remove(&tenant);
        } else if let Some(entry) = known.get_mut(&tenant) {
            entry.counted = Some(Instant::now());
            entry.classes = classes;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps counting until told to stop.
pub async fn count_backlogs(
    backlog: Backlog,
    pools: TenantPools,
    clock: Clock,
    stop: CancellationToken,
) {
    let counting = async {
        let mut times = tokio::time::interval(EVERY);
        loop {
            times.tick().await;
            stream::iter(backlog.due())
                .for_each_concurrent(TENANTS_AT_A_TIME, |tenant| {
                    count(&backlog, &pools, clock.now(), tenant)
                })
                .await;
        }
    };
    stop.run_until_cancelled(counting).await;
}

/// A tenant that cannot be asked is let go: the relay sees it again when it can.
async fn count(backlog: &Backlog, pools: &TenantPools, now: DateTime<Utc>, tenant: TenantContext) {
    let counted = match pools.get(&tenant).await {
        Ok(db) => backlog::count(db.conn(), now)
            .await
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let classes = counted.unwrap_or_else(|reason| {
        tracing::debug!(tenant.id = %tenant.tenant, reason, "the backlog was not counted");
        Default::default()
    });
    let rows = classes.into_iter().map(|(class, found)| TenantBacklog {
        tenant_id: tenant.tenant,
        class,
        waiting: found.waiting,
        outstanding: found.outstanding,
        oldest_at: found.oldest_at,
        unpublished_at: found.unpublished_at,
    });
    backlog.counted(tenant.tenant, rows.collect());
}
