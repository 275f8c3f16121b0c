//! The placements of the tenants that this node serves, kept until the control plane says that
//! one has changed.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use db::{Placement, PlacementError, Placements, async_trait};
use kernel::TenantId;

use crate::{
    slot::{Failure, Slot},
    source::PlacementSource,
};

/// A cache of placements: one load at a time per tenant, stale ones served while the control
/// plane is away, never back to an older generation.
#[derive(Debug)]
pub struct Directory<S> {
    source: S,
    slots: RwLock<HashMap<TenantId, Arc<Slot>>>,
}

impl<S: PlacementSource> Directory<S> {
    /// An empty directory over `source`.
    #[must_use]
    pub fn new(source: S) -> Self {
        Self {
            source,
            slots: RwLock::default(),
        }
    }

    /// The tenant's placement has changed: the next request loads it again.
    pub fn invalidate(&self, tenant: TenantId) {
        if let Some(slot) = self.existing(tenant) {
            slot.mark_stale();
        }
    }

    /// Anything may have changed: every placement is loaded again when it is next asked for.
    pub fn invalidate_all(&self) {
        for slot in self
            .slots
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
        {
            slot.mark_stale();
        }
    }

    async fn find(&self, tenant: TenantId) -> Result<Arc<Placement>, PlacementError> {
        let slot = self.slot(tenant);
        if let Some(placement) = slot.fresh() {
            return Ok(placement);
        }
        let mut failure = slot.turn.lock().await;
        if let Some(placement) = slot.fresh() {
            return Ok(placement);
        }
        if failure.as_ref().is_none_or(|failure| !failure.stands()) {
            *failure = self.load(tenant, &slot).await?;
        }
        let reason = || {
            failure
                .as_ref()
                .map(|failure| failure.reason.clone())
                .unwrap_or_default()
        };
        slot.stale()
            .ok_or_else(|| PlacementError::Unavailable(reason()))
    }

    /// Asks the source. A failure is an answer too: it is kept for those who wait.
    async fn load(&self, tenant: TenantId, slot: &Slot) -> Result<Option<Failure>, PlacementError> {
        let changes = slot.changes();
        match self.source.load(tenant).await {
            Ok(Some(placement)) => {
                count("loaded");
                slot.keep(Arc::new(placement), changes);
                Ok(None)
            }
            Ok(None) => {
                count("unknown");
                self.slots
                    .write()
                    .unwrap_or_else(PoisonError::into_inner)
                    .remove(&tenant);
                Err(PlacementError::Unknown)
            }
            Err(error) => {
                count("failed");
                tracing::warn!(%tenant, %error, "no placement could be loaded");
                Ok(Some(Failure::now(error.to_string())))
            }
        }
    }

    fn existing(&self, tenant: TenantId) -> Option<Arc<Slot>> {
        self.slots
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&tenant)
            .cloned()
    }

    fn slot(&self, tenant: TenantId) -> Arc<Slot> {
        if let Some(slot) = self.existing(tenant) {
            return slot;
        }
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(tenant).or_default())
    }
}

#[async_trait]
impl<S: PlacementSource> Placements for Directory<S> {
    async fn placement(&self, tenant: TenantId) -> Result<Arc<Placement>, PlacementError> {
        self.find(tenant).await
    }

    fn forget(&self, tenant: TenantId) {
        self.invalidate(tenant);
    }
}

fn count(result: &'static str) {
    metrics::counter!("trellis_placement_loads_total", "result" => result).increment(1);
}

#[cfg(test)]
#[path = "directory_tests.rs"]
mod tests;
