//! The tenants that something happened in lately. They are swept often, the others seldom.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use kernel::{TenantContext, TenantId};

/// How long a tenant counts as active after its last event.
const ACTIVE: Duration = Duration::from_secs(10 * 60);

/// The tenants that were active lately. Clones share the list.
#[derive(Debug, Clone, Default)]
pub struct ActiveTenants(Arc<Mutex<HashMap<TenantId, (TenantContext, Instant)>>>);

impl ActiveTenants {
    /// Notes that something happened in a tenant.
    pub fn note(&self, tenant: TenantContext) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known
            .entry(tenant.tenant)
            .or_insert((tenant, Instant::now()));
        // A late message of an older generation must not bring that back.
        if tenant.generation >= entry.0.generation {
            *entry = (tenant, Instant::now());
        }
    }

    /// The tenants that are active; the others are forgotten.
    #[must_use]
    pub fn now(&self) -> Vec<TenantContext> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (_, last)| last.elapsed() < ACTIVE);
        known.values().map(|(tenant, _)| *tenant).collect()
    }
}
