//! The feed of one tenant: reads what was committed, once for all listeners of this node.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicU64, Ordering},
};

use db::{DbError, TenantDb, TenantPools};
use kernel::TenantContext;
use tokio::sync::{AcquireError, Notify, Semaphore, SemaphorePermit, broadcast};
use tr_store::live::{self, Row};

use crate::{
    hub::HubSettings,
    listener::LiveError,
    message::{EventMessage, Live},
    rights::Rights,
};

/// How many events are read at a time.
const BATCH: usize = 500;
/// How many listeners read for themselves at a time, so that a hundred who come back together do not
/// take the tenant's connections from everybody else.
const READERS: usize = 2;

/// What listeners of a tenant, of one generation of it, share.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) live: broadcast::Sender<Arc<Live>>,
    pub(crate) tenant: TenantContext,
    pub(crate) rights: Rights,
    pools: TenantPools,
    wake: Notify,
    readers: Semaphore,
    /// The last event that was told.
    last: AtomicU64,
    /// The last number that was found to be unreadable.
    unreadable: AtomicU64,
}

impl Feed {
    /// A feed that tells what comes after `last`, as long as somebody holds it.
    pub(crate) fn start(
        pools: TenantPools,
        tenant: TenantContext,
        last: u64,
        settings: HubSettings,
    ) -> Arc<Self> {
        let feed = Arc::new(Self {
            live: broadcast::Sender::new(settings.backlog),
            tenant,
            rights: Rights::new(),
            pools,
            wake: Notify::new(),
            readers: Semaphore::new(READERS),
            last: AtomicU64::new(last),
            unreadable: AtomicU64::new(0),
        });
        tokio::spawn(run(Arc::downgrade(&feed), settings));
        feed
    }

    /// There may be something to read.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Tells all who listen.
    pub(crate) fn tell(&self, live: Live) {
        // Nobody listens any more: the feed ends with its last holder.
        let _ = self.live.send(Arc::new(live));
    }

    /// The tenant's database.
    pub(crate) async fn db(&self) -> Result<TenantDb, DbError> {
        self.pools.get(&self.tenant).await
    }

    /// The last event that was told or is being told; it and all before it are committed.
    pub(crate) fn last(&self) -> u64 {
        self.last.load(Ordering::Acquire)
    }

    /// A listener's turn to read for itself.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.readers.acquire().await
    }

    /// The event of a row; none when it cannot be read, which is said once.
    pub(crate) fn event(&self, row: Row) -> Option<EventMessage> {
        match row.event {
            Ok(event) => Some(EventMessage::new(event)),
            Err(error) => {
                if self.unreadable.fetch_max(row.number, Ordering::Relaxed) < row.number {
                    metrics::counter!("live_events_unreadable_total").increment(1);
                    let (tenant, number) = (self.tenant.tenant, row.number);
                    tracing::warn!(tenant.id = %tenant, number, %error, "an event that cannot be read is not told");
                }
                None
            }
        }
    }

    /// Tells what is new; whether there may be more.
    async fn read(&self) -> Result<bool, LiveError> {
        let db = self.db().await?;
        let rows = live::after(db.conn(), self.last(), BATCH).await?;
        let more = rows.len() == BATCH;
        for row in rows {
            // Before it is told: whoever begins to hear now and finds it here reads it for themselves.
            self.last.store(row.number, Ordering::Release);
            if let Some(event) = self.event(row) {
                self.tell(Live::Event(event));
            }
        }
        Ok(more)
    }
}

async fn run(feed: Weak<Feed>, settings: HubSettings) {
    loop {
        let Some(held) = feed.upgrade() else { return };
        match held.read().await {
            Ok(true) => continue,
            Ok(false) => {}
            // Again and again, for those who come while the others go.
            Err(LiveError::Db(DbError::Generation { .. })) => held.tell(Live::Moved),
            Err(error) => {
                metrics::counter!("live_reads_failed_total").increment(1);
                tracing::debug!(tenant.id = %held.tenant.tenant, %error, "live events wait for the tenant's database");
            }
        }
        let woken = held.wake.notified();
        // Without a push, which may be lost, the feed looks by itself.
        let _ = tokio::time::timeout(settings.look_every, woken).await;
    }
}
