//! The broker is killed while events are published.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use serde_json::json;

use super::{
    Findings, Form,
    ledger::Ledger,
    servers::Server,
    tenant::Tenant,
    world::{World, until},
    writers::{Manner, Writers},
};

/// Events that are confirmed before the broker is killed again.
const BETWEEN: i64 = 20;
const PATIENCE: Duration = Duration::from_secs(180);
const CONFIRMED: &str = "SELECT COUNT(*) FROM outbox WHERE published_at IS NOT NULL";

pub async fn run(world: &mut World, form: Form) -> Result<Findings> {
    let kills = form.pick(2, 20);
    let tenant = Tenant::new(world).await?;
    let ledger = Arc::new(Ledger::default());
    let writers = Writers::start(&tenant, &ledger, Manner::STEADY);
    for _ in 0..kills {
        let before = tenant.count(CONFIRMED).await?;
        let flows = async || {
            let now = tenant.count(CONFIRMED).await.ok()?;
            (now >= before + BETWEEN).then_some(())
        };
        until("events to be confirmed", PATIENCE, flows).await?;
        Server::Broker.kill().await?;
        Server::Broker.start().await?;
    }
    writers.stop().await?;
    let audit = ledger.close(&tenant, PATIENCE).await?;
    let confirmed = tenant.count(CONFIRMED).await?;
    Ok(Findings {
        bars: audit.bars_without_failures(),
        figures: json!({ "kills": kills, "confirmed": confirmed, "ledger": audit }),
    })
}
