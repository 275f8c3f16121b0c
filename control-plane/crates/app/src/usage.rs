//! What tenants use: a row per tenant and day, counted in the tenant's database by the runtime.

use chrono::NaiveDate;
use cp_domain::Node;
use cp_store::{RouteStore, StoreError, TenantStore, UsageStore};
use db::CentralDb;
use kernel::TenantId;

use crate::nodes::{NodeError, Nodes};

pub use cp_store::UsageDay;

/// Keeps what a node counted. Repeating it changes nothing.
///
/// # Errors
/// When the tenant is not in service in the node's ring, or the database fails.
pub async fn report(
    nodes: &Nodes,
    node: &Node,
    tenant: TenantId,
    usage: &UsageDay,
) -> Result<(), NodeError> {
    let conn = nodes.db.conn();
    let placed = RouteStore::find_placement(conn, tenant, node.ring).await?;
    placed.ok_or(NodeError::NoPlacement)?;
    Ok(UsageStore::put(conn, tenant, usage).await?)
}

/// The days from one to another, both included; none when there is no such tenant.
///
/// # Errors
/// When the database fails.
pub async fn list(
    central: &CentralDb,
    tenant: TenantId,
    span: (NaiveDate, NaiveDate),
) -> Result<Option<Vec<UsageDay>>, StoreError> {
    match TenantStore::get(central.conn(), tenant).await {
        Err(StoreError::Missing(_)) => return Ok(None),
        other => other?,
    };
    UsageStore::list(central.conn(), tenant, span)
        .await
        .map(Some)
}
