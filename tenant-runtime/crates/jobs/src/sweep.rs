//! The sweep: finds what no nudge told of, such as rows of a process that died between commit and
//! publishing. Tenants that were active lately are looked at every few seconds, each in its own
//! database. All of them are looked at within a minute, fifty in one statement with the sweep
//! account of their server; the relay goes to those only where something waits.

mod ring;
mod servers;

use std::time::Duration;

use chrono::{DateTime, Utc};
use clock::Clock;
use kernel::TenantContext;
use tokio_util::sync::CancellationToken;
use tr_store::relaying::Waiting;
use tracing::{debug, warn};

use crate::{ActiveTenants, Nudge, RingError, relay::Plan};

pub use ring::{SweepPage, SweepRing, SweepTenant};
use servers::{PER_STATEMENT, Servers};

/// How often is swept.
#[derive(Debug, Clone, Copy)]
pub struct SweepSettings {
    /// The tenants that were active lately.
    pub active: Duration,
    /// All tenants of the ring.
    pub all: Duration,
}

impl Default for SweepSettings {
    fn default() -> Self {
        Self {
            active: Duration::from_secs(5),
            // Whatever a dead process left is published within a minute, the time that the sweep
            // and the relay take included.
            all: Duration::from_secs(50),
        }
    }
}

/// What a sweep found of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// Whether there is something for the relay to do now, or perhaps is.
    pub waits: bool,
    /// Whether anything is neither done nor dead, jobs of later left out.
    pub busy: bool,
    /// When the first job is due of those that are not yet.
    pub next_due: Option<DateTime<Utc>>,
}

impl Finding {
    /// Of a tenant that could not be looked at: the relay sees for itself.
    const UNKNOWN: Self = Self {
        waits: true,
        busy: false,
        next_due: None,
    };

    fn of(waiting: &[Waiting], now: DateTime<Utc>) -> Self {
        let plan = Plan::of(waiting, now);
        Self {
            waits: !plan.waiting.is_empty(),
            busy: plan.busy,
            next_due: plan.next_due,
        }
    }
}

/// How far a sweep came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// All tenants that there were.
    pub tenants: usize,
    /// Those that could not be looked at with a sweep account.
    pub one_by_one: usize,
}

/// Sweeps until told to stop.
pub async fn sweep(
    ring: impl SweepRing,
    active: ActiveTenants,
    nudge: Nudge,
    settings: SweepSettings,
    clock: Clock,
    stop: CancellationToken,
) {
    let often = async {
        let mut times = tokio::time::interval(settings.active);
        loop {
            times.tick().await;
            for tenant in active.now() {
                nudge.nudge(tenant);
            }
        }
    };
    let seldom = async {
        let mut times = tokio::time::interval(settings.all);
        loop {
            times.tick().await;
            let found = |tenant, finding| nudge.found(tenant, finding);
            match sweep_once(&ring, clock.now(), found).await {
                Ok(swept) => debug!(swept.tenants, swept.one_by_one, "swept"),
                Err(error) => warn!(%error, "not all tenants are swept"),
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = often => {}
        () = seldom => {}
    }
}

/// Looks once at all tenants of a ring, and tells of those of which there is anything to tell. What
/// cannot be looked at with a sweep account is told of, too, so that nobody is lost.
///
/// # Errors
/// When the tenants cannot be listed, or no further.
pub async fn sweep_once<R: SweepRing>(
    ring: &R,
    now: DateTime<Utc>,
    mut tell: impl FnMut(TenantContext, Finding) + Send,
) -> Result<Swept, RingError> {
    let (mut swept, mut servers, mut after) = (Swept::default(), Servers::default(), None);
    loop {
        let page = ring.swept(after).await?;
        swept.tenants += page.tenants.len();
        servers.learn(page.servers);
        let (by_server, alone) = ring::by_server(page.tenants);
        swept.one_by_one += alone.len();
        for tenant in alone {
            tell(tenant, Finding::UNKNOWN);
        }
        for (server, tenants) in by_server {
            for some in tenants.chunks(PER_STATEMENT) {
                if let Some(found) = servers.look(server, some).await {
                    for (tenant, waiting) in found {
                        tell(tenant, Finding::of(&waiting, now));
                    }
                } else {
                    swept.one_by_one += some.len();
                    some.iter()
                        .for_each(|(tenant, _)| tell(*tenant, Finding::UNKNOWN));
                }
            }
        }
        after = page.next;
        if after.is_none() {
            servers.close().await;
            return Ok(swept);
        }
    }
}
