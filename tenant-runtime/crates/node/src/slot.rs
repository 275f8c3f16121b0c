//! What is known of one tenant's placement, and whose turn it is to ask for it.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use db::Placement;
use tokio::{sync::Mutex, time::Instant};

/// How long a failed attempt stands before the control plane is asked again: requests must not
/// queue up behind its timeouts.
const RETRY_AFTER: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct Slot {
    known: RwLock<Option<Known>>,
    /// Counts invalidations, so that an answer which was on its way when the placement changed
    /// is not taken for fresh.
    changes: AtomicU64,
    /// Held while loading; inside, when the last attempt failed and why.
    pub(crate) turn: Mutex<Option<Failure>>,
}

#[derive(Debug)]
struct Known {
    placement: Arc<Placement>,
    fresh: bool,
}

/// An attempt that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    at: Instant,
    pub(crate) reason: String,
}

impl Failure {
    pub(crate) fn now(reason: String) -> Self {
        Self {
            at: Instant::now(),
            reason,
        }
    }

    /// Whether it is too early to try again.
    pub(crate) fn stands(&self) -> bool {
        self.at.elapsed() < RETRY_AFTER
    }
}

impl Slot {
    /// The placement, when nothing says that it has changed.
    pub(crate) fn fresh(&self) -> Option<Arc<Placement>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known
            .as_ref()
            .filter(|known| known.fresh)
            .map(|known| Arc::clone(&known.placement))
    }

    /// The placement as it was last known.
    pub(crate) fn stale(&self) -> Option<Arc<Placement>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().map(|known| Arc::clone(&known.placement))
    }

    pub(crate) fn mark_stale(&self) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        self.changes.fetch_add(1, Ordering::SeqCst);
        if let Some(known) = known.as_mut() {
            known.fresh = false;
        }
    }

    /// How often the placement has changed: to be given to [`Slot::keep`].
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// Keeps what was loaded, unless something newer is known: an answer may have been long on
    /// its way.
    pub(crate) fn keep(&self, loaded: Arc<Placement>, changes_before: u64) -> Arc<Placement> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.as_ref()
            && known.placement.tenant.generation > loaded.tenant.generation
        {
            return Arc::clone(&known.placement);
        }
        let fresh = self.changes() == changes_before;
        *known = Some(Known {
            placement: Arc::clone(&loaded),
            fresh,
        });
        loaded
    }
}
