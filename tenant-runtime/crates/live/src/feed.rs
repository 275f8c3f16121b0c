//! The feed of one tenant: reads what was committed, once for all listeners of this node.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use db::TenantPools;
use kernel::TenantContext;
use tokio::sync::{Notify, broadcast};
use tr_store::live::{self, Numbered};

use crate::{
    hub::HubSettings,
    message::{EventMessage, Live},
};

/// How many events are read at a time.
const BATCH: usize = 500;

/// What listeners of a tenant share.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) live: broadcast::Sender<Arc<Live>>,
    wake: Notify,
    /// The newest placement that a listener came with.
    tenant: Mutex<TenantContext>,
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
            wake: Notify::new(),
            tenant: Mutex::new(tenant),
        });
        tokio::spawn(run(Arc::downgrade(&feed), pools, last, settings));
        feed
    }

    /// There may be something to read.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Takes over a newer placement.
    pub(crate) fn follow(&self, tenant: TenantContext) {
        let mut known = self.tenant.lock().unwrap_or_else(PoisonError::into_inner);
        if tenant.generation > known.generation {
            *known = tenant;
        }
    }

    fn tenant(&self) -> TenantContext {
        *self.tenant.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, row: Numbered) {
        // Nobody listens any more: the feed ends with its last holder.
        let _ = self.live.send(Arc::new(Live::Event(EventMessage(row))));
    }
}

async fn run(feed: Weak<Feed>, pools: TenantPools, mut last: u64, settings: HubSettings) {
    loop {
        let Some(held) = feed.upgrade() else { return };
        match read(&held, &pools, &mut last).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(reason) => tracing::debug!(reason, "live events wait for the tenant's database"),
        }
        let woken = held.wake.notified();
        // Without a push, which may be lost, the feed looks by itself.
        let _ = tokio::time::timeout(settings.look_every, woken).await;
    }
}

/// Tells what is new; whether there may be more.
async fn read(feed: &Feed, pools: &TenantPools, last: &mut u64) -> Result<bool, String> {
    let db = pools
        .get(&feed.tenant())
        .await
        .map_err(|error| error.to_string())?;
    let rows = live::after(db.conn(), *last, BATCH)
        .await
        .map_err(|error| error.to_string())?;
    let more = rows.len() == BATCH;
    for row in rows {
        *last = row.number;
        feed.tell(row);
    }
    Ok(more)
}
