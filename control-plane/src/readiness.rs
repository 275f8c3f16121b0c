//! What `/readyz` says: whether the central database answers and has the schema of this release.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use web::health::Health;

use crate::{migrate, parts::Parts};

const PERIOD: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(5);

/// Says at once that nothing is known yet, so that a program is not ready before it has looked.
pub(crate) fn begin(health: &Health) {
    health.set("database", Err("not asked yet".to_owned()));
    health.set("schema", Err("not asked yet".to_owned()));
}

/// Looks until it is told to stop.
pub(crate) async fn watch(parts: Parts, health: Health, stop: CancellationToken) {
    let mut schema_is_well = false;
    let look = async {
        loop {
            let database = database(&parts).await;
            let answers = database.is_ok();
            health.set("database", database);
            if answers && !schema_is_well {
                let schema = schema(&parts).await;
                schema_is_well = schema.is_ok();
                health.set("schema", schema);
            }
            let redis = parts.cache.ping().await.is_ok();
            metrics_of(answers, redis);
            tokio::time::sleep(PERIOD).await;
        }
    };
    let _ = stop.run_until_cancelled(look).await;
}

async fn database(parts: &Parts) -> Result<(), String> {
    match tokio::time::timeout(PATIENCE, parts.central.ping()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(format!("the central database cannot be used: {error}")),
        Err(_) => Err("the central database does not answer".to_owned()),
    }
}

async fn schema(parts: &Parts) -> Result<(), String> {
    let settings = Arc::clone(&parts.settings);
    match tokio::task::spawn_blocking(move || migrate::pending(&settings)).await {
        Ok(Ok(pending)) if pending.files.is_empty() => Ok(()),
        Ok(Ok(pending)) => Err(format!(
            "{} migrations are pending: run `control-plane migrate`",
            pending.files.len()
        )),
        Ok(Err(error)) => Err(format!("the schema cannot be looked at: {error:#}")),
        Err(error) => Err(error.to_string()),
    }
}

/// Redis is no reason not to be ready: everything goes on without it, more slowly.
fn metrics_of(database: bool, redis: bool) {
    metrics::gauge!("control_plane_database_up").set(f64::from(u8::from(database)));
    metrics::gauge!("control_plane_redis_up").set(f64::from(u8::from(redis)));
}
