//! Where placements come from: the control plane's node API, or a table in a test.

use std::future::Future;

use cp_node_api::{NodeApi, NodeApiError};
use db::Placement;
use kernel::TenantId;

/// The source could not be asked.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// Gives the placement of a tenant that this node serves.
pub trait PlacementSource: Send + Sync + 'static {
    /// The placement; `None` when the tenant is not (or no longer) for this node.
    fn load(
        &self,
        tenant: TenantId,
    ) -> impl Future<Output = Result<Option<Placement>, SourceError>> + Send;
}

impl PlacementSource for NodeApi {
    async fn load(&self, tenant: TenantId) -> Result<Option<Placement>, SourceError> {
        match self.placement(tenant).await {
            Ok(found) => {
                let context = found.context();
                let database = found.database;
                Ok(Some(Placement {
                    tenant: context,
                    host: database.host,
                    port: database.port,
                    database: database.name,
                    user: database.user,
                    password: database.password.expose().to_owned().into(),
                }))
            }
            Err(NodeApiError::NotFound) => Ok(None),
            Err(error) => Err(SourceError(error.to_string())),
        }
    }
}
