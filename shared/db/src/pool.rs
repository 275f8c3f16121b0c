//! One tenant's pool and the leases on it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use kernel::TenantContext;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, SqlxMySqlConnector, TransactionTrait as _,
};
use sqlx::MySqlPool;
use tokio::sync::{Notify, OwnedSemaphorePermit};

/// A pool that is open. It holds its part of the budget until it is gone.
#[derive(Debug)]
pub(crate) struct OpenPool {
    context: TenantContext,
    connection: DatabaseConnection,
    pool: MySqlPool,
    leases: AtomicUsize,
    born: Instant,
    last_used_ms: AtomicU64,
    part: Part,
}

/// A pool's part of the budget. Whoever waits is told after it is free again, not before.
#[derive(Debug)]
struct Part {
    permit: Option<OwnedSemaphorePermit>,
    freed: Arc<Notify>,
}

impl Drop for Part {
    fn drop(&mut self) {
        drop(self.permit.take());
        self.freed.notify_one();
    }
}

impl OpenPool {
    pub(crate) fn new(
        context: TenantContext,
        pool: MySqlPool,
        permit: OwnedSemaphorePermit,
        freed: Arc<Notify>,
    ) -> Self {
        Self {
            context,
            connection: SqlxMySqlConnector::from_sqlx_mysql_pool(pool.clone()),
            pool,
            leases: AtomicUsize::new(0),
            born: Instant::now(),
            last_used_ms: AtomicU64::new(0),
            part: Part {
                permit: Some(permit),
                freed,
            },
        }
    }

    pub(crate) const fn context(&self) -> TenantContext {
        self.context
    }

    pub(crate) fn is_leased(&self) -> bool {
        self.leases.load(Ordering::Acquire) > 0
    }

    /// When it was last given out or back.
    pub(crate) fn last_used(&self) -> Instant {
        self.born + std::time::Duration::from_millis(self.last_used_ms.load(Ordering::Relaxed))
    }

    /// Closes the connections; the budget is free again when this is done.
    pub(crate) async fn close(self: Arc<Self>) {
        self.pool.close().await;
    }

    fn touch(&self) {
        let age = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_used_ms.store(age, Ordering::Relaxed);
    }
}

/// A tenant's database, checked to be its own. While one is held, its pool is not evicted, so keep
/// it for the length of a request or job, not longer.
#[derive(Debug)]
pub struct TenantDb(Arc<OpenPool>);

impl TenantDb {
    /// Leases a pool. The caller holds the lock of the table that it is in, so that it is not
    /// evicted in between.
    pub(crate) fn lease(pool: &Arc<OpenPool>) -> Self {
        pool.leases.fetch_add(1, Ordering::AcqRel);
        pool.touch();
        Self(Arc::clone(pool))
    }

    /// The tenant.
    #[must_use]
    pub fn context(&self) -> &TenantContext {
        &self.0.context
    }

    /// The connection for SeaORM. Do not keep a clone of it beyond the `TenantDb`.
    #[must_use]
    pub fn conn(&self) -> &DatabaseConnection {
        &self.0.connection
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// When there is no connection or it fails.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.0.connection.begin().await
    }
}

impl Clone for TenantDb {
    fn clone(&self) -> Self {
        Self::lease(&self.0)
    }
}

impl Drop for TenantDb {
    fn drop(&mut self) {
        self.0.touch();
        if self.0.leases.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.part.freed.notify_one();
        }
    }
}
