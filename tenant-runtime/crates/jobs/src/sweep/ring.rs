//! What a sweep looks at: asked of the control plane, or given by a test.

use std::collections::HashMap;

use cp_node_api::{NodeApi, SweepEntry, TenantsQuery};
use db::SweepAddress;
use kernel::{ServerId, TenantContext, TenantId};

use crate::RingError;

/// A page of the tenants of this node's ring.
#[derive(Debug, Clone, Default)]
pub struct SweepPage {
    /// The active tenants.
    pub tenants: Vec<SweepTenant>,
    /// The servers that they are on.
    pub servers: HashMap<ServerId, SweepAddress>,
    /// Where the next page starts; none after the last.
    pub next: Option<TenantId>,
}

/// A tenant.
#[derive(Debug, Clone)]
pub struct SweepTenant {
    /// The tenant at its generation.
    pub tenant: TenantContext,
    /// Its server and database; none while the sweep account may not look at it.
    pub database: Option<(ServerId, String)>,
}

/// Lists the tenants of a ring for a sweep.
pub trait SweepRing: Send + Sync + 'static {
    /// The page after a tenant.
    fn swept(
        &self,
        after: Option<TenantId>,
    ) -> impl Future<Output = Result<SweepPage, RingError>> + Send;
}

impl SweepRing for NodeApi {
    async fn swept(&self, after: Option<TenantId>) -> Result<SweepPage, RingError> {
        let query = TenantsQuery { after, limit: None };
        let page = self.sweep(query).await;
        let page = page.map_err(|error| RingError(error.to_string()))?;
        let servers = page.servers.into_iter().map(|server| {
            let address = SweepAddress {
                host: server.host,
                port: server.port,
                user: server.user,
                password: server.password.expose().to_owned().into(),
            };
            (server.server_id, address)
        });
        Ok(SweepPage {
            tenants: page.tenants.into_iter().map(tenant).collect(),
            servers: servers.collect(),
            next: page.next_after,
        })
    }
}

fn tenant(entry: SweepEntry) -> SweepTenant {
    SweepTenant {
        tenant: TenantContext {
            tenant: entry.tenant_id,
            generation: entry.generation,
        },
        database: entry.database.map(|of| (of.server_id, of.name)),
    }
}

/// Tenants with their databases.
pub(super) type Databases = Vec<(TenantContext, String)>;

/// The tenants by their server, and those without.
pub(super) fn by_server(
    tenants: Vec<SweepTenant>,
) -> (HashMap<ServerId, Databases>, Vec<TenantContext>) {
    let (mut by_server, mut alone) = (HashMap::<ServerId, Databases>::new(), Vec::new());
    for SweepTenant { tenant, database } in tenants {
        match database {
            Some((server, name)) => by_server.entry(server).or_default().push((tenant, name)),
            None => alone.push(tenant),
        }
    }
    (by_server, alone)
}
