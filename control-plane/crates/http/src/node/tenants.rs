//! What a node may know about the tenants of its ring.

use std::time::{Duration, Instant};

use actix_web::web::Json;
use cp_app::{
    nodes::{CatalogueEntry, OpenPlacement},
    push::Push,
};
use cp_domain::Ring;
use cp_node_api::{
    Changes, ChangesQuery, DatabaseAddress, DatabasePassword, TenantEntry, TenantPage,
    TenantPlacement, TenantsQuery,
};
use kernel::{Generation, TenantId};
use secrecy::ExposeSecret as _;
use tokio::{sync::broadcast::Receiver, time::timeout};
use web::ApiError;

use super::{caller::Caller, problems::problem};

/// How long a node may wait for a change.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// How often a waiting node's question is asked again when nobody tells of a change.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The state of a tenant that is not of the node's ring.
const LEFT: &str = "left";

pub(super) async fn list(
    caller: Caller,
    query: web::Query<TenantsQuery>,
) -> Result<Json<TenantPage>, ApiError> {
    let query = query.into_inner();
    let page = caller.nodes.tenants(&caller.node, query.after, query.limit);
    let (entries, more) = page.await.map_err(problem)?;
    let data: Vec<TenantEntry> = entries
        .into_iter()
        .map(|entry| view(entry, caller.node.ring))
        .collect();
    let next_after = data.last().filter(|_| more).map(|entry| entry.tenant_id);
    Ok(Json(TenantPage { data, next_after }))
}

pub(super) async fn placement(
    caller: Caller,
    id: web::Path<TenantId>,
) -> Result<Json<TenantPlacement>, ApiError> {
    let placement = caller
        .nodes
        .placement(&caller.node, id.into_inner())
        .await
        .map_err(problem)?;
    let OpenPlacement { row, password } = placement;
    Ok(Json(TenantPlacement {
        tenant_id: row.tenant_id.into(),
        slug: row.slug,
        name: row.name,
        state: row.state,
        generation: Generation(row.generation),
        time_zone: row.time_zone,
        database: DatabaseAddress {
            host: row.host,
            port: row.port,
            name: row.database_name,
            user: row.runtime_user,
            password: DatabasePassword::new(password.expose_secret().to_owned()),
        },
        revision: row.revision,
    }))
}

pub(super) async fn changes(
    caller: Caller,
    query: web::Query<ChangesQuery>,
) -> Result<Json<Changes>, ApiError> {
    let query = query.into_inner();
    let wait = Duration::from_secs(query.wait_seconds.unwrap_or(0).into()).min(MAX_WAIT);
    let until = Instant::now() + wait;
    // Before the question, so that nothing falls between it and the wait.
    let mut pushes = caller.nodes.pushes.subscribe();
    loop {
        let entries = caller.nodes.changes(query.since).await.map_err(problem)?;
        let left = until.saturating_duration_since(Instant::now());
        if !entries.is_empty() || left.is_zero() {
            let revision = entries.last().map_or(query.since, |entry| entry.revision);
            let ring = caller.node.ring;
            let tenants = entries.into_iter().map(|entry| view(entry, ring)).collect();
            return Ok(Json(Changes { revision, tenants }));
        }
        // A push that is lost costs a second.
        let _ = timeout(left.min(LOOK_EVERY), told(&mut pushes)).await;
    }
}

/// Done when somebody says that the catalogue changed.
async fn told(pushes: &mut Receiver<Push>) {
    while let Ok(push) = pushes.recv().await {
        if matches!(push, Push::Routes | Push::Lost) {
            return;
        }
    }
}

fn view(entry: CatalogueEntry, ring: Ring) -> TenantEntry {
    TenantEntry {
        tenant_id: entry.tenant.tenant,
        generation: entry.tenant.generation,
        state: if entry.ring == ring {
            entry.state
        } else {
            LEFT.to_owned()
        },
        revision: entry.revision,
    }
}
