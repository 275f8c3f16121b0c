//! The sweep: finds what no nudge told of, such as rows of a process that died between commit and
//! publishing. Tenants that were active lately are looked at every few seconds, all of them every
//! minute; nobody's database is opened twice for it, as the relay takes each tenant once.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{ActiveTenants, Nudge, Ring};

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
            all: Duration::from_secs(60),
        }
    }
}

/// Sweeps until told to stop.
pub async fn sweep(
    ring: impl Ring,
    active: ActiveTenants,
    nudge: Nudge,
    settings: SweepSettings,
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
            all(&ring, &nudge).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = often => {}
        () = seldom => {}
    }
}

async fn all(ring: &impl Ring, nudge: &Nudge) {
    let mut after = None;
    loop {
        match ring.page(after).await {
            Ok(page) => {
                for tenant in page.tenants {
                    nudge.nudge(tenant);
                }
                after = page.next;
                if after.is_none() {
                    return;
                }
            }
            Err(error) => {
                warn!(%error, "not all tenants are swept");
                return;
            }
        }
    }
}
