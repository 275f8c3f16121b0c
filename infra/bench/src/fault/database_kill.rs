//! MariaDB is killed while people write. Those who write ask again under the same key.

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
use crate::report::Bar;

/// Writes that are acknowledged before it is killed again.
const BETWEEN: usize = 20;
const PATIENCE: Duration = Duration::from_secs(120);
const MANNER: Manner = Manner {
    insist: true,
    ..Manner::STEADY
};

pub async fn run(world: &mut World, form: Form) -> Result<Findings> {
    let kills = form.pick(3, 20);
    let tenant = Tenant::new(world).await?;
    let ledger = Arc::new(Ledger::default());
    let writers = Writers::start(&tenant, &ledger, MANNER);
    for _ in 0..kills {
        let before = ledger.len();
        let flows = async || (ledger.len() >= before + BETWEEN).then_some(());
        until("writes to be acknowledged", PATIENCE, flows).await?;
        Server::Database.kill().await?;
        Server::Database.start().await?;
    }
    writers.stop().await?;
    let audit = ledger.close(&tenant, PATIENCE).await?;
    let interrupted: usize = audit.failed.values().sum();
    let mut bars = audit.bars();
    // Otherwise nobody was writing when it died.
    #[expect(clippy::cast_precision_loss, reason = "counts of an experiment")]
    bars.push(Bar::at_least(
        "writes that had to be asked again",
        interrupted as f64,
        1.0,
    ));
    Ok(Findings {
        bars,
        figures: json!({ "kills": kills, "ledger": audit }),
    })
}
