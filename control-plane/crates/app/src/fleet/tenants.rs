//! Tenants: list, look, create, suspend, resume.

mod create;
mod service;

use cp_store::{
    ListedOperation, ListedTenant, OperationFilter, OperationStore, PeopleCounts, Server,
    ServerStore, StoreError, TenantDatabase, TenantDatabaseStore, TenantFilter, TenantStore,
};
use kernel::{Limit, TenantId};
use migrations::{Schema, expected_fingerprint};

use super::Fleet;

pub use create::{
    Accepted, Architect, CreateTenant, CreateTenantError, DEFAULT_GROUP, DEFAULT_PLAN,
    ProvisionInput, create_tenant,
};
pub(in crate::fleet) use service::suspend_in;
pub use service::{ServiceError, resume_tenant, suspend_tenant};

/// The tenant schema that this release gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewestSchema {
    /// Its version.
    pub version: i64,
    /// Its fingerprint.
    pub fingerprint: &'static str,
}

/// The tenant schema that this release gives.
#[must_use]
pub fn newest_schema() -> NewestSchema {
    NewestSchema {
        version: Schema::Tenant.newest_version(),
        fingerprint: expected_fingerprint(Schema::Tenant),
    }
}

/// How many operations a tenant's page shows.
const SHOWN_OPERATIONS: u16 = 10;

/// Everything that a tenant's page shows.
#[derive(Debug, Clone)]
pub struct TenantPage {
    /// The tenant with its group.
    pub listed: ListedTenant,
    /// Its server.
    pub server: Option<Server>,
    /// Its database.
    pub database: Option<TenantDatabase>,
    /// How many people it has, by state.
    pub people: PeopleCounts,
    /// Its last operations, the newest first.
    pub operations: Vec<ListedOperation>,
}

/// Tenants by slug, and the servers that they may be on; one tenant more than the limit when more
/// follow.
///
/// # Errors
/// When the database fails.
pub async fn list_tenants(
    fleet: &Fleet,
    filter: &TenantFilter,
    limit: Limit,
) -> Result<(Vec<ListedTenant>, Vec<Server>), StoreError> {
    let conn = fleet.central.conn();
    let tenants = TenantStore::list(conn, filter, limit).await?;
    let servers = ServerStore::list(conn)
        .await?
        .into_iter()
        .map(|counted| counted.server);
    Ok((tenants, servers.collect()))
}

/// One tenant's page; none when there is no such tenant.
///
/// # Errors
/// When the database fails.
pub async fn find_tenant(fleet: &Fleet, id: TenantId) -> Result<Option<TenantPage>, StoreError> {
    let conn = fleet.central.conn();
    let Some(listed) = TenantStore::find_listed(conn, id).await? else {
        return Ok(None);
    };
    let server = match listed.tenant.server {
        Some(server) => Some(ServerStore::get(conn, server).await?),
        None => None,
    };
    let filter = OperationFilter {
        tenant: Some(id),
        ..OperationFilter::default()
    };
    let limit = Limit::new(SHOWN_OPERATIONS).unwrap_or_default();
    let mut operations = OperationStore::list(conn, &filter, limit).await?;
    operations.truncate(limit.get());
    Ok(Some(TenantPage {
        server,
        database: TenantDatabaseStore::find(conn, listed.tenant.context()).await?,
        people: TenantStore::count_people(conn, id).await?,
        operations,
        listed,
    }))
}
