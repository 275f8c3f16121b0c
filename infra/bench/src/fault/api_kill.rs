//! The nodes that serve are killed after a commit and before they could publish what it left: they
//! do not reach the broker at all. Whatever is delivered, the sweep has found.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use super::{
    Findings, Form,
    ledger::Ledger,
    tenant::Tenant,
    world::{NODES, World},
};
use crate::report::Bar;

/// What may pass between a commit and its effect.
const LIMIT: Duration = Duration::from_secs(60);
/// How long is waited for those who are too late.
const PATIENCE: Duration = Duration::from_secs(90);
/// The longest that a row waited, in microseconds.
const LONGEST: &str = "SELECT COALESCE(MAX(TIMESTAMPDIFF(MICROSECOND, occurred_at, done_at)), 0) \
     FROM outbox WHERE class <> 'schedule'";

pub async fn run(world: &mut World, form: Form) -> Result<Findings> {
    let kills = form.pick(4, 50);
    world.nodes_broker.close().await?;
    let mut tenants = Vec::new();
    for (round, node) in (0..kills).zip(NODES.into_iter().cycle()) {
        // Nobody knows of a new tenant's events but the nodes that are killed.
        let (tenant, ledger) = (Tenant::new(world).await?, Ledger::default());
        for number in 0..4 {
            let name = format!("{round}-{number}");
            let started = std::time::Instant::now();
            let answer = tenant.make_task(&name).await?;
            ensure!(answer.status.as_u16() == 201, "{}", answer.status);
            ledger.acknowledged(name, started.elapsed());
        }
        world.restart(node).await?;
        tenants.push((tenant, ledger));
    }
    // The last ones were written through either node.
    for node in NODES {
        world.restart(node).await?;
    }
    let (mut bars, mut rows, mut longest) = (Vec::new(), 0, 0);
    for (tenant, ledger) in &tenants {
        let audit = ledger.close(tenant, PATIENCE).await?;
        rows += audit.events;
        longest = longest.max(tenant.count(LONGEST).await?);
        // Of all tenants those count where something is wrong; of the last one everything does.
        bars.retain(|bar: &Bar| !bar.is_met());
        bars.extend(audit.bars());
    }
    world.nodes_broker.open().await?;
    #[expect(clippy::cast_precision_loss, reason = "a minute in microseconds")]
    let longest = longest as f64 / 1e6;
    bars.push(Bar::at_most(
        "longest delivery in seconds",
        longest,
        LIMIT.as_secs_f64(),
    ));
    Ok(Findings {
        bars,
        figures: json!({ "kills": kills + NODES.len(), "tenants": tenants.len(), "rows": rows }),
    })
}
