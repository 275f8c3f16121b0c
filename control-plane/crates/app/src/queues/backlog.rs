//! What waits in the tenants' outboxes: of which tenant, and on which database server.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use chrono::{DateTime, Utc};
use cp_node_api::TenantBacklog;
use cp_store::{QueueReportStore, Server, ServerStore, StoreError, TenantPlace};
use kernel::{Limit, TenantId};
use uuid::Uuid;

use super::reports::said;
use crate::Auth;

/// Which tenants' backlog.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BacklogQuery {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// Of this class.
    pub class: Option<String>,
    /// How many rows at most.
    pub limit: Limit,
}

/// What waits in a tenant of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedBacklog {
    /// What a worker counted.
    pub backlog: TenantBacklog,
    /// The first label of the tenant's host name, when there is such a tenant.
    pub slug: Option<String>,
}

/// What waits in the outboxes on a database server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerOutbox {
    /// The server.
    pub server: Server,
    /// Tenants with something that was not published.
    pub tenants: u64,
    /// Events and jobs that were not published.
    pub waiting: u64,
    /// When the oldest of them happened.
    pub oldest_at: Option<DateTime<Utc>>,
}

/// What waits in which tenant, the most first.
///
/// # Errors
/// When the database fails.
pub async fn list_backlog(
    auth: &Auth,
    query: &BacklogQuery,
) -> Result<Vec<ListedBacklog>, StoreError> {
    let mut rows = backlogs(auth).await?;
    rows.retain(|row| {
        query.tenant.is_none_or(|tenant| row.tenant_id == tenant)
            && query.class.as_ref().is_none_or(|class| row.class == *class)
    });
    rows.sort_by_key(|row| Reverse(row.waiting + row.outstanding));
    rows.truncate(query.limit.get());
    let places = places(auth, &rows).await?;
    let listed = rows.into_iter().map(|backlog| ListedBacklog {
        slug: places
            .get(&backlog.tenant_id.as_uuid())
            .map(|place| place.slug.clone()),
        backlog,
    });
    Ok(listed.collect())
}

/// Every database server, the one whose events wait longest first.
///
/// # Errors
/// When the database fails.
pub async fn list_outboxes(auth: &Auth) -> Result<Vec<ServerOutbox>, StoreError> {
    let rows = backlogs(auth).await?;
    let places = places(auth, &rows).await?;
    let servers = ServerStore::list(auth.central.conn()).await?;
    let mut outboxes: Vec<_> = servers
        .into_iter()
        .map(|counted| outbox(counted.server, &rows, &places))
        .collect();
    outboxes.sort_by_key(|outbox| outbox.oldest_at.map_or((1, None), |at| (0, Some(at))));
    Ok(outboxes)
}

fn outbox(
    server: Server,
    rows: &[TenantBacklog],
    places: &BTreeMap<Uuid, TenantPlace>,
) -> ServerOutbox {
    let id = server.id.as_uuid();
    let here = rows.iter().filter(|row| {
        let place = places.get(&row.tenant_id.as_uuid());
        row.waiting > 0 && place.and_then(|place| place.server_id) == Some(id)
    });
    let (mut tenants, mut waiting, mut oldest_at) = (BTreeSet::new(), 0, None);
    for row in here {
        tenants.insert(row.tenant_id);
        waiting += row.waiting;
        oldest_at = oldest_at.into_iter().chain(row.unpublished_at).min();
    }
    ServerOutbox {
        server,
        tenants: tenants.len() as u64,
        waiting,
        oldest_at,
    }
}

/// What workers counted lately; of a tenant that several counted, the newest.
async fn backlogs(auth: &Auth) -> Result<Vec<TenantBacklog>, StoreError> {
    let mut rows: BTreeMap<(TenantId, String), TenantBacklog> = BTreeMap::new();
    let said = said(auth.central.conn(), auth.clock.now()).await?;
    for said in said.into_iter().filter(|said| said.fresh) {
        for row in said.report.tenants {
            let key = (row.tenant_id, row.class.clone());
            rows.entry(key).or_insert(row);
        }
    }
    Ok(rows.into_values().collect())
}

async fn places(
    auth: &Auth,
    rows: &[TenantBacklog],
) -> Result<BTreeMap<Uuid, TenantPlace>, StoreError> {
    let ids: BTreeSet<Uuid> = rows.iter().map(|row| row.tenant_id.as_uuid()).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let found = QueueReportStore::places(auth.central.conn(), &ids).await?;
    let by_id = found.into_iter().map(|place| (place.tenant_id, place));
    Ok(by_id.collect())
}
