//! The relay: publishes a tenant's unpublished events, and its jobs that are due, and marks them
//! once the broker confirmed. What was confirmed long ago and neither done nor dead was lost with
//! the broker; the worker's relay publishes it again.
//!
//! It runs where changes are made, nudged after each commit, and in the worker, which sweeps. Two
//! relays may publish the same row, and a crash between confirm and mark publishes it again: that
//! is harmless, since consumers refuse what is done. A tenant has only so many events outstanding
//! per class; the rest waits in its outbox, so that a flood queues behind its own door.

mod doors;
mod pass;
mod plan;

use std::{sync::Arc, time::Duration};

use broker::{Class, Publisher};
use clock::Clock;
use db::TenantPools;
use kernel::{TenantContext, TenantId};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::{Backlog, Finding, Taps};
use doors::{Doors, Left};
use pass::{Pass, PassError};
pub(crate) use plan::Plan;

/// How long a tenant's turn takes at most.
const TURN: Duration = Duration::from_secs(60);
/// How often tenants that were left behind are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How the relay works.
#[derive(Debug, Clone, Copy)]
pub struct RelaySettings {
    /// Tenants relayed at a time.
    pub workers: usize,
    /// Rows published at a time.
    pub batch: usize,
    /// Events that a tenant may have published and not done, per class.
    pub outstanding: usize,
    /// An event that waits longer is worth a warning.
    pub patience: Duration,
}

impl Default for RelaySettings {
    fn default() -> Self {
        Self {
            workers: 4,
            batch: 200,
            outstanding: 1000,
            patience: Duration::from_secs(60),
        }
    }
}

/// Tells a relay that a tenant has something to publish. Cheap to clone; never waits, never fails.
#[derive(Debug, Clone)]
pub struct Nudge {
    doors: Arc<Doors>,
    backlog: Backlog,
}

impl Nudge {
    /// There is something to publish.
    pub fn nudge(&self, tenant: TenantContext) {
        self.doors.knock(tenant);
    }

    /// So many events of a class were done for the tenant, so that others may be published.
    pub(crate) fn room(&self, tenant: TenantId, class: Class, events: usize) {
        let most = usize::from(class.spec().outstanding).max(1);
        self.doors.room(tenant, 1000 * events / most);
    }

    /// A sweep found something of the tenant.
    pub(crate) fn found(&self, tenant: TenantContext, finding: Finding) {
        if finding.busy {
            self.backlog.saw(tenant);
        }
        if finding.waits {
            self.doors.knock(tenant);
        } else if let Some(due) = finding.next_due {
            self.doors.expect_by(tenant, due);
        }
    }
}

/// A relay.
#[derive(Clone)]
pub struct Relay {
    pools: TenantPools,
    publisher: Publisher,
    clock: Clock,
    settings: RelaySettings,
    doors: Arc<Doors>,
    backlog: Backlog,
    /// The taps of the classes, where what was lost is published again.
    mended: Option<Taps>,
}

impl Relay {
    /// A relay that does nothing until it [runs](Self::run).
    #[must_use]
    pub fn new(
        pools: TenantPools,
        publisher: Publisher,
        clock: Clock,
        settings: RelaySettings,
    ) -> Self {
        Self {
            pools,
            publisher,
            clock,
            settings,
            doors: Arc::default(),
            backlog: Backlog::default(),
            mended: None,
        }
    }

    /// Publishes again what was lost, too. Of a class that is paused nothing is: it waits in its
    /// queues.
    #[must_use]
    pub fn mending(mut self, taps: Taps) -> Self {
        self.mended = Some(taps);
        self
    }

    /// How others tell it of work.
    #[must_use]
    pub fn nudge(&self) -> Nudge {
        Nudge {
            doors: Arc::clone(&self.doors),
            backlog: self.backlog.clone(),
        }
    }

    /// What waits in the tenants that it passes through; counted where somebody wants to know.
    #[must_use]
    pub fn backlog(&self) -> Backlog {
        self.backlog.clone()
    }

    /// Whether events get away in time, or why not; for health. Requests succeed all the same.
    ///
    /// # Errors
    /// The reason.
    pub fn check(&self) -> Result<(), String> {
        let age = self.doors.oldest_age(self.clock.now());
        if age > self.settings.patience {
            return Err(format!(
                "the oldest event waits for {} s to be published",
                age.as_secs()
            ));
        }
        Ok(())
    }

    /// Relays until told to stop; passes under way are ended properly.
    ///
    /// # Panics
    /// When one of its tasks does, so that nobody takes it for a relay that works.
    pub async fn run(self, stop: CancellationToken) {
        let mut tasks = JoinSet::new();
        for _ in 0..self.settings.workers.max(1) {
            tasks.spawn(self.clone().work(stop.clone()));
        }
        tasks.spawn(self.clone().look_back(stop));
        while let Some(ended) = tasks.join_next().await {
            if let Err(Ok(panic)) = ended.map_err(JoinError::try_into_panic) {
                std::panic::resume_unwind(panic);
            }
        }
    }

    async fn work(self, stop: CancellationToken) {
        while let Some(tenant) = stop.run_until_cancelled(self.doors.next()).await {
            if self.its_turn(tenant).await {
                self.relay(tenant).await;
            }
        }
    }

    /// Whether the tenant may be relayed now, after a look at which server it is on if need be; if
    /// not, it waits on.
    async fn its_turn(&self, tenant: TenantContext) -> bool {
        if self.doors.knows(tenant) {
            return true;
        }
        match self.pools.server(&tenant).await {
            Ok((host, port)) => self.doors.place(tenant, format!("{host}:{port}").into()),
            // The pass says why.
            Err(_) => true,
        }
    }

    async fn relay(&self, tenant: TenantContext) {
        // A server that is cut off lets statements wait without end.
        let passed = tokio::time::timeout(TURN, self.passes(&tenant)).await;
        let late = |_| Err(PassError::Silent(format!("no answer within {TURN:?}")));
        let (all, next_due) = match passed.unwrap_or_else(late) {
            Ok(passed) => passed,
            Err(PassError::Gone(reason)) => {
                debug!(tenant = %tenant.tenant, reason, "not relaying for the tenant any more");
                self.doors.expect(tenant, None);
                return self.doors.gone(tenant);
            }
            Err(PassError::NoBroker) => return self.left_behind(tenant, Left::NoBroker),
            Err(PassError::Silent(reason)) => {
                warn!(tenant = %tenant.tenant, reason, "the tenant's database does not answer");
                self.backlog.saw(tenant);
                return self.left_behind(tenant, Left::NoDatabase { silent: true });
            }
            Err(PassError::Failed(reason)) => {
                warn!(tenant = %tenant.tenant, reason, "could not relay the tenant's events");
                self.backlog.saw(tenant);
                return self.left_behind(tenant, Left::NoDatabase { silent: false });
            }
        };
        self.doors.expect(tenant, next_due);
        match all {
            Pass::Empty => self.doors.done(tenant),
            Pass::More => self.doors.again(tenant),
            Pass::Left { oldest, progress } => {
                self.left_behind(tenant, Left::Rows { oldest, progress });
            }
        }
    }

    fn left_behind(&self, tenant: TenantContext, left: Left) {
        self.doors.left_behind(tenant, left, self.clock.now());
    }

    /// Comes back to tenants that could not be relayed in full.
    async fn look_back(self, stop: CancellationToken) {
        let mut looks = tokio::time::interval(LOOK);
        while stop.run_until_cancelled(looks.tick()).await.is_some() {
            let age = self.doors.oldest_age(self.clock.now());
            metrics::gauge!("outbox_oldest_age_seconds").set(age.as_secs_f64());
            metrics::gauge!("outbox_tenants_behind").set(self.doors.behind() as f64);
            if self.publisher.link().session().is_some() {
                self.doors.knock_again(self.clock.now());
            }
        }
    }
}
