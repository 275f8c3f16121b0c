//! Hears from the control plane which tenants have changed, and makes the pools and the
//! directory forget what they know of them.

use std::{sync::Arc, time::Duration};

use cp_node_api::{Changes, ChangesQuery, NodeApi, NodeApiError};
use db::TenantPools;
use tokio_util::sync::CancellationToken;

use crate::{backoff::Backoff, directory::Directory};

/// How long the control plane may hold a question back until something changes.
const WAIT_SECONDS: u16 = 25;

/// Follows the catalogue from `revision` until `stop`.
///
/// A revision that goes back means another catalogue, such as one restored from a backup:
/// everything is then asked for again.
pub async fn follow_changes(
    api: NodeApi,
    directory: Arc<Directory<NodeApi>>,
    revision: u64,
    pools: Vec<TenantPools>,
    stop: CancellationToken,
) {
    let mut since = revision;
    let mut backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(5));
    loop {
        let asked = ask(&api, since);
        let answer = tokio::select! {
            () = stop.cancelled() => return,
            answer = asked => answer,
        };
        match answer {
            Ok(changes) => {
                backoff.reset();
                if changes.revision < since {
                    tracing::warn!(since, now = changes.revision, "the catalogue went back");
                    directory.invalidate_all();
                }
                for tenant in &changes.tenants {
                    for pools in &pools {
                        pools.forget(tenant.tenant_id);
                    }
                }
                since = changes.revision;
            }
            Err(error) => {
                tracing::warn!(%error, "changes of tenants are not heard; going on with what is known");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(backoff.delay()) => {}
                }
            }
        }
    }
}

async fn ask(api: &NodeApi, since: u64) -> Result<Changes, NodeApiError> {
    api.changes(ChangesQuery {
        since,
        wait_seconds: Some(WAIT_SECONDS),
    })
    .await
}
