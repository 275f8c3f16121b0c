//! The pools of all tenants of a process, under one budget.
//!
//! The budget is counted in whole pools: a process may have `total` connections, a pool at most
//! `per_tenant` of them, so `total / per_tenant` pools are open at once and the database server
//! never sees more, whatever the load. The least recently used pool that nobody holds makes room.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use kernel::{TenantContext, TenantId};
use serde::Deserialize;
use tokio::sync::{Mutex, Notify, OwnedSemaphorePermit, Semaphore};

use crate::{
    DbError, Placement, PlacementError, Placements, TenantDb,
    connect::{self, Limits},
    pool::OpenPool,
};

/// What the pools of a process may use together.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolBudget {
    /// The most connections for one tenant.
    pub per_tenant: u32,
    /// The most connections for all tenants.
    pub total: u32,
    /// A pool that nobody used for so long is closed.
    pub idle_seconds: u64,
    /// How many calls may wait for room in the budget.
    pub queue: usize,
    /// How long a call waits, for room and again for a connection.
    pub acquire_timeout_ms: u64,
    /// How long a statement may run.
    pub statement_timeout_ms: u64,
}

impl Default for PoolBudget {
    fn default() -> Self {
        Self {
            per_tenant: 8,
            total: 128,
            idle_seconds: 300,
            queue: 256,
            acquire_timeout_ms: 2_000,
            statement_timeout_ms: 10_000,
        }
    }
}

/// The pools. Clones share them.
#[derive(Clone)]
pub struct TenantPools(Arc<State>);

struct State {
    placements: Arc<dyn Placements>,
    limits: Limits,
    idle: Duration,
    queue: usize,
    open: RwLock<HashMap<TenantId, Arc<OpenPool>>>,
    /// One opening per tenant at a time; the others wait for its result.
    opening: Mutex<HashMap<TenantId, Arc<Mutex<()>>>>,
    room: Arc<Semaphore>,
    freed: Arc<Notify>,
    waiting: AtomicUsize,
    sweeping: AtomicBool,
}

impl std::fmt::Debug for TenantPools {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TenantPools")
            .field("open", &self.open_pools())
            .finish_non_exhaustive()
    }
}

impl TenantPools {
    /// No pools yet; each is opened when its tenant is first asked for.
    #[must_use]
    pub fn new(budget: PoolBudget, placements: Arc<dyn Placements>) -> Self {
        let per_tenant = budget.per_tenant.max(1);
        let pools = (budget.total / per_tenant).max(1);
        let idle = Duration::from_secs(budget.idle_seconds.max(1));
        Self(Arc::new(State {
            placements,
            limits: Limits {
                max_connections: per_tenant,
                acquire_timeout: Duration::from_millis(budget.acquire_timeout_ms),
                idle_timeout: idle,
                statement_timeout: Duration::from_millis(budget.statement_timeout_ms),
            },
            idle,
            queue: budget.queue,
            open: RwLock::default(),
            opening: Mutex::default(),
            room: Arc::new(Semaphore::new(usize::try_from(pools).unwrap_or(1))),
            freed: Arc::new(Notify::new()),
            waiting: AtomicUsize::new(0),
            sweeping: AtomicBool::new(false),
        }))
    }

    /// The tenant's database.
    ///
    /// # Errors
    /// `Generation` when the caller's is not the present one, `Foreign` when the database is not
    /// the tenant's, `Busy` when the budget is used up, and what keeps it from being reached.
    pub async fn get(&self, tenant: &TenantContext) -> Result<TenantDb, DbError> {
        if let Some(db) = self.0.leased(tenant)? {
            return Ok(db);
        }
        let gate = {
            let mut opening = self.0.opening.lock().await;
            Arc::clone(opening.entry(tenant.tenant).or_default())
        };
        let turn = gate.lock().await;
        // The one before may have opened it.
        let outcome = match self.0.leased(tenant) {
            Ok(Some(db)) => Ok(db),
            Ok(None) => self.open(tenant).await,
            Err(error) => Err(error),
        };
        drop(turn);
        let mut opening = self.0.opening.lock().await;
        // Ours, and the table's: nobody else waits at the gate.
        if Arc::strong_count(&gate) == 2 {
            opening.remove(&tenant.tenant);
        }
        outcome
    }

    /// The host and port of the server that has the tenant's database, which need not answer.
    ///
    /// # Errors
    /// When it cannot be learnt.
    pub async fn server(&self, tenant: &TenantContext) -> Result<(String, u16), PlacementError> {
        let placement = self.0.placements.placement(tenant.tenant).await?;
        Ok((placement.host.clone(), placement.port))
    }

    /// Drops what is kept of a tenant: its placement has changed. Requests that hold its database
    /// finish with it; the next opens it anew.
    pub fn forget(&self, tenant: TenantId) {
        self.0.placements.forget(tenant);
        self.0.retire(tenant);
    }

    /// How many pools are open.
    #[must_use]
    pub fn open_pools(&self) -> usize {
        self.0
            .open
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Closes everything: the process ends.
    pub async fn close(&self) {
        let all: Vec<Arc<OpenPool>> = {
            let mut open = self.0.open.write().unwrap_or_else(PoisonError::into_inner);
            open.drain().map(|(_, pool)| pool).collect()
        };
        for pool in all {
            pool.close().await;
        }
    }

    async fn open(&self, tenant: &TenantContext) -> Result<TenantDb, DbError> {
        self.sweep_from_now_on();
        // A pool of an older generation is of no use to anybody any more.
        self.0.retire(tenant.tenant);
        let placement = self.0.placement(tenant).await?;
        let room = self.0.room().await?;
        let options = connect::of_placement(&placement);
        connect::probe(&options, self.0.limits, placement.tenant)
            .await
            .inspect_err(|error| {
                if matches!(error, DbError::Foreign) {
                    metrics::counter!("db_foreign_refused_total").increment(1);
                    // Perhaps it moved and we were not told.
                    self.0.placements.forget(tenant.tenant);
                }
            })?;
        let pool = connect::lazy_pool(options, self.0.limits, Some(placement.tenant));
        let pool = OpenPool::new(placement.tenant, pool, room, Arc::clone(&self.0.freed));
        let pool = Arc::new(pool);
        metrics::counter!("db_tenant_pools_opened_total").increment(1);
        let mut open = self.0.open.write().unwrap_or_else(PoisonError::into_inner);
        let db = TenantDb::lease(&pool);
        open.insert(tenant.tenant, pool);
        Ok(db)
    }

    /// Starts the task that closes idle pools; it ends with the last clone of `self`.
    fn sweep_from_now_on(&self) {
        if self.0.sweeping.swap(true, Ordering::AcqRel) {
            return;
        }
        let state = Arc::downgrade(&self.0);
        let period = (self.0.idle / 2).clamp(Duration::from_millis(500), Duration::from_secs(30));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(period).await;
                let Some(state) = state.upgrade() else { return };
                for pool in state.idle_pools() {
                    pool.close().await;
                }
            }
        });
    }
}

impl State {
    /// The open pool, when it is of the caller's generation; none when it is of an older one.
    fn leased(&self, tenant: &TenantContext) -> Result<Option<TenantDb>, DbError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let Some(pool) = open.get(&tenant.tenant) else {
            return Ok(None);
        };
        let current = pool.context().generation;
        if tenant.generation < current {
            return Err(DbError::Generation {
                asked: tenant.generation,
                current,
            });
        }
        Ok((tenant.generation == current).then(|| TenantDb::lease(pool)))
    }

    /// The placement of exactly the caller's generation.
    async fn placement(&self, tenant: &TenantContext) -> Result<Arc<Placement>, DbError> {
        let mut placement = self.placements.placement(tenant.tenant).await?;
        if placement.tenant.generation < tenant.generation {
            // The gateway knows more than we kept.
            self.placements.forget(tenant.tenant);
            placement = self.placements.placement(tenant.tenant).await?;
        }
        if placement.tenant == *tenant {
            return Ok(placement);
        }
        let current = placement.tenant.generation;
        if placement.tenant.tenant == tenant.tenant {
            Err(DbError::Generation {
                asked: tenant.generation,
                current,
            })
        } else {
            tracing::error!(tenant = %tenant.tenant, found = %placement.tenant.tenant, "refused a placement: it is another tenant's");
            Err(DbError::Foreign)
        }
    }

    /// Room for one more pool: free, or made by closing the least recently used idle one, or
    /// waited for.
    async fn room(&self) -> Result<OwnedSemaphorePermit, DbError> {
        if let Some(room) = self.room_now().await {
            return Ok(room);
        }
        let busy = || {
            metrics::counter!("db_busy_total").increment(1);
            DbError::Busy
        };
        let place = Place::take(&self.waiting, self.queue).ok_or_else(busy)?;
        let wait = async {
            loop {
                let freed = self.freed.notified();
                if let Some(room) = self.room_now().await {
                    return room;
                }
                freed.await;
            }
        };
        let room = tokio::time::timeout(self.limits.acquire_timeout, wait).await;
        drop(place);
        room.map_err(|_| busy())
    }

    async fn room_now(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            if let Ok(room) = Arc::clone(&self.room).try_acquire_owned() {
                return Some(room);
            }
            let pool = self.take_least_recently_used()?;
            metrics::counter!("db_tenant_pools_evicted_total").increment(1);
            pool.close().await;
        }
    }

    fn take_least_recently_used(&self) -> Option<Arc<OpenPool>> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let oldest = open
            .iter()
            .filter(|(_, pool)| !pool.is_leased())
            .min_by_key(|(_, pool)| pool.last_used())
            .map(|(tenant, _)| *tenant)?;
        open.remove(&oldest)
    }

    /// Takes the pools out that nobody used for the idle time.
    fn idle_pools(&self) -> Vec<Arc<OpenPool>> {
        let now = Instant::now();
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        open.extract_if(|_, pool| {
            !pool.is_leased() && now.saturating_duration_since(pool.last_used()) >= self.idle
        })
        .map(|(_, pool)| pool)
        .collect()
    }

    /// Takes a tenant's pool out. Whoever holds it goes on; it is gone with the last of them.
    fn retire(&self, tenant: TenantId) {
        let pool = self
            .open
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&tenant);
        let Some(pool) = pool else { return };
        if !pool.is_leased()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(pool.close());
        }
    }
}

/// A place in the queue, given back when dropped.
struct Place<'q>(&'q AtomicUsize);

impl<'q> Place<'q> {
    fn take(waiting: &'q AtomicUsize, most: usize) -> Option<Self> {
        let before = waiting.fetch_add(1, Ordering::AcqRel);
        let place = Self(waiting);
        (before < most).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
