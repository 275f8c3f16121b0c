//! Which tenants there are: asked of the control plane, or given by a test.

use cp_node_api::{NodeApi, TenantsQuery};
use kernel::{TenantContext, TenantId};

/// A page of the tenants of this node's ring.
#[derive(Debug, Clone, Default)]
pub struct RingPage {
    /// The active tenants.
    pub tenants: Vec<TenantContext>,
    /// Where the next page starts; none after the last.
    pub next: Option<TenantId>,
}

/// The tenants could not be listed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the tenants could not be listed: {0}")]
pub struct RingError(pub String);

/// Lists the tenants of a ring.
pub trait Ring: Send + Sync + 'static {
    /// The page after a tenant.
    fn page(
        &self,
        after: Option<TenantId>,
    ) -> impl Future<Output = Result<RingPage, RingError>> + Send;
}

impl Ring for NodeApi {
    async fn page(&self, after: Option<TenantId>) -> Result<RingPage, RingError> {
        let query = TenantsQuery { after, limit: None };
        let page = self
            .tenants(query)
            .await
            .map_err(|error| RingError(error.to_string()))?;
        let tenants = page.data.iter().map(|entry| TenantContext {
            tenant: entry.tenant_id,
            generation: entry.generation,
        });
        Ok(RingPage {
            tenants: tenants.collect(),
            next: page.next_after,
        })
    }
}
