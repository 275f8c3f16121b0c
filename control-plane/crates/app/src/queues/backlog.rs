//! What waits in the tenants' outboxes: of which tenant, and on which database server.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use chrono::{DateTime, Utc};
use cp_node_api::{QueueReport, ServerBacklog, TenantBacklog};
use cp_store::{QueueReportStore, Server, ServerStore, StoreError, TenantPlace};
use kernel::{Limit, TenantId};
use uuid::Uuid;

use super::reports::{Said, said};
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
    /// When the worker said so.
    pub reported_at: DateTime<Utc>,
}

/// What waits in which tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedBacklogs {
    /// The most first.
    pub rows: Vec<ListedBacklog>,
    /// Whether workers know of more than they report.
    pub cut: bool,
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
    /// Tenants that did not answer when they were asked last; their figures are those of before.
    pub not_asked: u64,
    /// When a worker said so last; none when none ever reported.
    pub reported_at: Option<DateTime<Utc>>,
}

/// What waits in which tenant, the most first. Of a ring whose workers are all away it is what they
/// said last.
///
/// # Errors
/// When the database fails.
pub async fn list_backlog(auth: &Auth, query: &BacklogQuery) -> Result<ListedBacklogs, StoreError> {
    let said = counting(auth).await?;
    let mut rows = rows(&said);
    rows.retain(|(row, _)| {
        query.tenant.is_none_or(|tenant| row.tenant_id == tenant)
            && query.class.as_ref().is_none_or(|class| row.class == *class)
    });
    rows.sort_by_key(|(row, _)| Reverse(row.waiting + row.outstanding));
    rows.truncate(query.limit.get());
    let places = places(auth, rows.iter().map(|(row, _)| row.tenant_id)).await?;
    let listed = rows
        .into_iter()
        .map(|(backlog, reported_at)| ListedBacklog {
            slug: places
                .get(&backlog.tenant_id.as_uuid())
                .map(|place| place.slug.clone()),
            backlog,
            reported_at,
        });
    Ok(ListedBacklogs {
        rows: listed.collect(),
        cut: said.iter().any(|said| said.report.tenants_cut),
    })
}

/// Every database server, the one whose events wait longest first.
///
/// # Errors
/// When the database fails.
pub async fn list_outboxes(auth: &Auth) -> Result<Vec<ServerOutbox>, StoreError> {
    let said = counting(auth).await?;
    // Workers of an older release say nothing of servers, only of tenants.
    let old = said.iter().filter(|said| said.report.servers.is_empty());
    let tenants = old.flat_map(|said| said.report.tenants.iter().map(|row| row.tenant_id));
    let places = places(auth, tenants).await?;
    let servers = ServerStore::list(auth.central.conn()).await?;
    let mut outboxes: Vec<_> = servers
        .into_iter()
        .map(|counted| outbox(counted.server, &said, &places))
        .collect();
    outboxes.sort_by_key(|outbox| outbox.oldest_at.map_or((1, None), |at| (0, Some(at))));
    Ok(outboxes)
}

/// Each ring has tenants of its own, and every worker of a ring comes to know all of them with
/// something: of these the one that knows most counts, and the rings are added up.
fn outbox(server: Server, said: &[Said], places: &BTreeMap<Uuid, TenantPlace>) -> ServerOutbox {
    let mut rings: BTreeMap<&str, (ServerBacklog, DateTime<Utc>)> = BTreeMap::new();
    for said in said {
        let sum = sum(&said.report, &server, places);
        let (of, at) = rings
            .entry(&said.ring)
            .or_insert_with(|| (nothing(&server), said.at));
        of.tenants = of.tenants.max(sum.tenants);
        of.waiting = of.waiting.max(sum.waiting);
        of.oldest_at = of.oldest_at.into_iter().chain(sum.oldest_at).min();
        of.not_asked = of.not_asked.max(sum.not_asked);
        *at = said.at.max(*at);
    }
    let mut outbox = ServerOutbox {
        server,
        tenants: 0,
        waiting: 0,
        oldest_at: None,
        not_asked: 0,
        reported_at: None,
    };
    // Of the rings with anything there, that whose workers have been away longest.
    let there = rings
        .values()
        .filter(|(of, _)| of.tenants + of.not_asked > 0);
    let newest = said.first().map(|said| said.at);
    outbox.reported_at = there.map(|(_, at)| *at).min().or(newest);
    for (of, _) in rings.into_values() {
        outbox.tenants += of.tenants;
        outbox.waiting += of.waiting;
        outbox.oldest_at = outbox.oldest_at.into_iter().chain(of.oldest_at).min();
        outbox.not_asked += of.not_asked;
    }
    outbox
}

/// What a worker says of a server.
fn sum(
    report: &QueueReport,
    server: &Server,
    places: &BTreeMap<Uuid, TenantPlace>,
) -> ServerBacklog {
    let here = |of: &&ServerBacklog| (of.host.as_str(), of.port) == (&server.host, server.port);
    if !report.servers.is_empty() {
        let said = report.servers.iter().find(here);
        return said.cloned().unwrap_or_else(|| nothing(server));
    }
    let id = server.id.as_uuid();
    let rows = report.tenants.iter().filter(|row| {
        let place = places.get(&row.tenant_id.as_uuid());
        row.waiting > 0 && place.and_then(|place| place.server_id) == Some(id)
    });
    let (mut tenants, mut sum) = (BTreeSet::new(), nothing(server));
    for row in rows {
        tenants.insert(row.tenant_id);
        sum.waiting += row.waiting;
        sum.oldest_at = sum.oldest_at.into_iter().chain(row.unpublished_at).min();
    }
    sum.tenants = tenants.len() as u64;
    sum
}

fn nothing(server: &Server) -> ServerBacklog {
    ServerBacklog {
        host: server.host.clone(),
        port: server.port,
        tenants: 0,
        waiting: 0,
        oldest_at: None,
        not_asked: 0,
    }
}

/// What workers said that is what is known now, the newest first.
async fn counting(auth: &Auth) -> Result<Vec<Said>, StoreError> {
    let mut all = said(auth.central.conn(), auth.clock.now()).await?;
    all.retain(|said| said.counts);
    Ok(all)
}

/// What workers counted, and when they said so; of a tenant that several counted, the newest.
fn rows(said: &[Said]) -> Vec<(TenantBacklog, DateTime<Utc>)> {
    let mut rows: BTreeMap<(TenantId, &str), (TenantBacklog, DateTime<Utc>)> = BTreeMap::new();
    for said in said {
        for row in &said.report.tenants {
            let key = (row.tenant_id, row.class.as_str());
            rows.entry(key).or_insert_with(|| (row.clone(), said.at));
        }
    }
    rows.into_values().collect()
}

async fn places(
    auth: &Auth,
    tenants: impl Iterator<Item = TenantId>,
) -> Result<BTreeMap<Uuid, TenantPlace>, StoreError> {
    let ids: BTreeSet<Uuid> = tenants.map(TenantId::as_uuid).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let found = QueueReportStore::places(auth.central.conn(), &ids).await?;
    let by_id = found.into_iter().map(|place| (place.tenant_id, place));
    Ok(by_id.collect())
}
