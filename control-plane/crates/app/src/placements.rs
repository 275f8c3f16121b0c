//! Where tenants' databases are, read from the central database itself: for the control plane's
//! own visits, which are few.

use std::sync::Arc;

use cp_store::{
    RouteStore, StoreError,
    seal::{Purpose, Sealer},
};
use db::{CentralDb, Placement, PlacementError, Placements};
use kernel::{Generation, TenantContext, TenantId};
use secrecy::ExposeSecret as _;
use settings::Secret;

/// Reads placements and opens their passwords.
#[derive(Debug, Clone)]
pub struct CentralPlacements {
    central: CentralDb,
    sealer: Arc<Sealer>,
}

impl CentralPlacements {
    /// The placements of this database.
    #[must_use]
    pub const fn new(central: CentralDb, sealer: Arc<Sealer>) -> Self {
        Self { central, sealer }
    }

    async fn read(&self, tenant: TenantId) -> Result<Option<Placement>, StoreError> {
        let conn = self.central.conn();
        let Some(route) = RouteStore::find(conn, tenant).await? else {
            return Ok(None);
        };
        let Some(sealed) = RouteStore::find_placement(conn, tenant, route.ring).await? else {
            return Ok(None);
        };
        let password = self
            .sealer
            .open_text(Purpose::TenantRuntime, tenant, &sealed.runtime_password)
            .map_err(|_| StoreError::corrupt("tenant_databases", "runtime_password"))?;
        Ok(Some(Placement {
            tenant: TenantContext {
                tenant,
                generation: Generation(sealed.generation),
            },
            host: sealed.host,
            port: sealed.port,
            database: sealed.database_name,
            user: sealed.runtime_user,
            password: Secret::new(password.expose_secret()),
        }))
    }
}

#[async_trait::async_trait]
impl Placements for CentralPlacements {
    async fn placement(&self, tenant: TenantId) -> Result<Arc<Placement>, PlacementError> {
        match self.read(tenant).await {
            Ok(Some(placement)) => Ok(Arc::new(placement)),
            Ok(None) => Err(PlacementError::Unknown),
            Err(error) => Err(PlacementError::Unavailable(error.to_string())),
        }
    }
}
