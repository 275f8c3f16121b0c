//! The feeds of this node, one for each tenant that somebody listens to.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use db::TenantPools;
use kernel::{TenantContext, TenantId};
use tokio::sync::mpsc;
use tr_store::live;

use crate::{
    feed::Feed,
    listener::{Listener, LiveError},
    mark::Mark,
    message::{Live, PresenceMessage},
    push::Push,
};

/// How a hub works, and what it grants those who listen.
#[derive(Debug, Clone, Copy)]
pub struct HubSettings {
    /// How often a feed looks by itself, pushes or not.
    pub look_every: Duration,
    /// How many messages wait for a listener in memory; who is farther behind reads on from the
    /// outbox.
    pub backlog: usize,
    /// How often a client is asked whether it lives, and told up to where it has heard.
    pub heartbeat: Duration,
    /// How long a client may take to accept what it is told.
    pub patience: Duration,
    /// How many messages of a client are taken at once; after that, ten a second.
    pub burst: u32,
}

impl Default for HubSettings {
    fn default() -> Self {
        Self {
            look_every: Duration::from_secs(5),
            backlog: 1024,
            heartbeat: Duration::from_secs(20),
            patience: Duration::from_secs(10),
            burst: 50,
        }
    }
}

/// The feeds of a node. Clones share them.
#[derive(Debug, Clone)]
pub struct Hub(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    pools: TenantPools,
    settings: HubSettings,
    feeds: Mutex<HashMap<TenantId, Weak<Feed>>>,
    /// To the other nodes, when there is a way.
    pushes: Option<mpsc::Sender<Push>>,
}

impl Hub {
    /// A hub whose pushes go into this channel.
    #[must_use]
    pub fn new(
        pools: TenantPools,
        settings: HubSettings,
        pushes: Option<mpsc::Sender<Push>>,
    ) -> Self {
        Self(Arc::new(Parts {
            pools,
            settings,
            feeds: Mutex::default(),
            pushes,
        }))
    }

    /// How it works.
    #[must_use]
    pub fn settings(&self) -> HubSettings {
        self.0.settings
    }

    /// Something of the tenant was committed on this node.
    pub fn committed(&self, tenant: TenantContext) {
        self.wake(tenant.tenant);
        self.push(Push::Committed {
            tenant: tenant.tenant,
        });
    }

    /// Tells listeners of a grid, on all nodes, what somebody does there.
    pub fn present(&self, tenant: TenantId, presence: PresenceMessage) {
        self.tell(tenant, presence.clone());
        self.push(Push::Presence { tenant, presence });
    }

    /// Another node said something.
    pub fn heard(&self, push: Push) {
        match push {
            Push::Committed { tenant } => self.wake(tenant),
            Push::Presence { tenant, presence } => self.tell(tenant, presence),
        }
    }

    /// Pushes may have been lost: every feed looks.
    pub fn look_everywhere(&self) {
        let feeds: Vec<_> = self.feeds().values().filter_map(Weak::upgrade).collect();
        for feed in feeds {
            feed.wake();
        }
    }

    /// Listens to a tenant from now on, or from after a mark.
    ///
    /// # Errors
    /// When the mark's events are not kept any more, or the tenant cannot be reached.
    pub async fn listen(
        &self,
        tenant: TenantContext,
        since: Option<Mark>,
    ) -> Result<Listener, LiveError> {
        let db = self.0.pools.get(&tenant).await?;
        let now = live::last_number(db.conn()).await?;
        Listener::start(self.feed(tenant, now), &db, since, now).await
    }

    fn feed(&self, tenant: TenantContext, last: u64) -> Arc<Feed> {
        let mut feeds = self.feeds();
        match feeds.get(&tenant.tenant).and_then(Weak::upgrade) {
            Some(feed) if feed.tenant == tenant => return feed,
            // Another generation: what the old feed told is of the past.
            Some(old) => old.tell(Live::Moved),
            None => {}
        }
        feeds.retain(|_, feed| feed.strong_count() > 0);
        let feed = Feed::start(self.0.pools.clone(), tenant, last, self.0.settings);
        feeds.insert(tenant.tenant, Arc::downgrade(&feed));
        feed
    }

    fn feeds(&self) -> MutexGuard<'_, HashMap<TenantId, Weak<Feed>>> {
        self.0.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, tenant: TenantId) -> Option<Arc<Feed>> {
        self.feeds().get(&tenant).and_then(Weak::upgrade)
    }

    fn wake(&self, tenant: TenantId) {
        if let Some(feed) = self.known(tenant) {
            feed.wake();
        }
    }

    fn tell(&self, tenant: TenantId, presence: PresenceMessage) {
        if let Some(feed) = self.known(tenant) {
            feed.tell(Live::Presence(presence));
        }
    }

    fn push(&self, push: Push) {
        if let Some(pushes) = &self.0.pushes
            && pushes.try_send(push).is_err()
        {
            // Feeds look by themselves after a while.
            metrics::counter!("live_pushes_dropped_total").increment(1);
        }
    }
}
