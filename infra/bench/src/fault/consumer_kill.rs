//! The process that consumes is killed in the middle of its work.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use serde_json::json;

use super::{
    Findings, Form,
    ledger::Ledger,
    tenant::Tenant,
    world::{WORKER, World, until},
    writers::{Manner, Writers},
};

const PATIENCE: Duration = Duration::from_secs(120);
const DONE: &str = "SELECT COUNT(*) FROM outbox WHERE done_at IS NOT NULL";

pub async fn run(world: &mut World, form: Form) -> Result<Findings> {
    let kills = form.pick(6, 50);
    let tenant = Tenant::new(world).await?;
    let ledger = Arc::new(Ledger::default());
    let writers = Writers::start(&tenant, &ledger, Manner::STEADY);
    for _ in 0..kills {
        let before = tenant.count(DONE).await?;
        let works = async || (tenant.count(DONE).await.ok()? > before).then_some(());
        until("events to take effect", PATIENCE, works).await?;
        world.restart(WORKER).await?;
    }
    writers.stop().await?;
    let audit = ledger.close(&tenant, PATIENCE).await?;
    Ok(Findings {
        bars: audit.bars_without_failures(),
        figures: json!({ "kills": kills, "ledger": audit }),
    })
}
