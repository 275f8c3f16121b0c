//! Where a tenant's database is.

use std::sync::Arc;

use kernel::{TenantContext, TenantId};
use settings::Secret;

/// A tenant's database and the account for it.
#[derive(Debug, Clone)]
pub struct Placement {
    /// The tenant and the generation of this placement.
    pub tenant: TenantContext,
    /// The server's host name, or the path of its socket when it starts with `/`.
    pub host: String,
    /// The server's port.
    pub port: u16,
    /// The database's opaque name.
    pub database: String,
    /// The runtime account.
    pub user: String,
    /// Its password.
    pub password: Secret,
}

/// The placement could not be learnt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlacementError {
    /// There is no such active tenant on this node's ring.
    #[error("the tenant has no placement here")]
    Unknown,
    /// Nobody who knows could be asked.
    #[error("the tenant's placement could not be read: {0}")]
    Unavailable(String),
}

/// Knows the placements. Implementations keep what they learnt.
#[async_trait::async_trait]
pub trait Placements: Send + Sync {
    /// The placement of a tenant.
    async fn placement(&self, tenant: TenantId) -> Result<Arc<Placement>, PlacementError>;

    /// What is kept of the tenant turned out to be old.
    fn forget(&self, tenant: TenantId) {
        let _ = tenant;
    }
}
