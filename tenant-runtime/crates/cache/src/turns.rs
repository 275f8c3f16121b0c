//! Whose turn it is to compute: so many at a time, of one tenant a quarter of them, so that one
//! whose database is slow does not keep the others from theirs.
//!
//! A database server has many tenants, and when it is slow, all of them are. So what takes long
//! gives its turn back and goes on: it waits for its database by then, not for us. Of its tenant no
//! more are computed meanwhile.

use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use kernel::TenantId;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// The turns of a process.
#[derive(Debug)]
pub(crate) struct Turns {
    all: Arc<Semaphore>,
    /// How many a tenant may have.
    share: usize,
    /// Of those who compute, or wait.
    tenants: Mutex<HashMap<TenantId, Weak<Semaphore>>>,
    patience: Duration,
    long: Duration,
}

/// A turn.
#[derive(Debug)]
pub(crate) struct Turn {
    of_all: OwnedSemaphorePermit,
    of_tenant: OwnedSemaphorePermit,
    long: Duration,
}

impl Turns {
    pub(crate) fn new(computing: usize, patience: Duration, long: Duration) -> Self {
        let all = computing.max(1);
        Self {
            all: Arc::new(Semaphore::new(all)),
            share: (all / 4).max(1),
            tenants: Mutex::default(),
            patience,
            long,
        }
    }

    /// A turn for a tenant; none when there was none for as long as one can wait.
    pub(crate) async fn wait(&self, tenant: TenantId) -> Option<Turn> {
        let of_tenant = self.of(tenant);
        let turn = async {
            // Who waits for their own tenant keeps nobody else waiting.
            let of_tenant = of_tenant.acquire_owned().await.ok()?;
            let of_all = Arc::clone(&self.all).acquire_owned().await.ok()?;
            Some((of_tenant, of_all))
        };
        let (of_tenant, of_all) = timeout(self.patience, turn).await.ok()??;
        Some(self.turn(of_tenant, of_all))
    }

    /// A turn that there is now, if there is one.
    pub(crate) fn take(&self, tenant: TenantId) -> Option<Turn> {
        let of_tenant = self.of(tenant).try_acquire_owned().ok()?;
        let of_all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some(self.turn(of_tenant, of_all))
    }

    const fn turn(&self, of_tenant: OwnedSemaphorePermit, of_all: OwnedSemaphorePermit) -> Turn {
        Turn {
            of_all,
            of_tenant,
            long: self.long,
        }
    }

    /// The tenant's turns, which are there as long as somebody has or awaits one.
    fn of(&self, tenant: TenantId) -> Arc<Semaphore> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tenants.get(&tenant).and_then(Weak::upgrade) {
            return known;
        }
        tenants.retain(|_, turns| turns.strong_count() > 0);
        let turns = Arc::new(Semaphore::new(self.share));
        tenants.insert(tenant, Arc::downgrade(&turns));
        turns
    }
}

impl Turn {
    /// Does the work.
    pub(crate) async fn run<T>(self, work: impl Future<Output = T>) -> T {
        let Self {
            of_all,
            of_tenant,
            long,
        } = self;
        let mut work = pin!(work);
        let done = match timeout(long, work.as_mut()).await {
            Ok(done) => done,
            Err(_) => {
                drop(of_all);
                work.await
            }
        };
        drop(of_tenant);
        done
    }
}
