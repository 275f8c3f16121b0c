//! The broker is away for a while, and people go on writing.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use e2e::client::builder;
use serde_json::{Value, json};

use super::{
    Findings, Form,
    ledger::Ledger,
    servers::Server,
    tenant::Tenant,
    world::{NODES, World},
    writers::{Manner, Writers},
};
use crate::report::Bar;

const PATIENCE: Duration = Duration::from_secs(240);
const MANNER: Manner = Manner {
    writers: 2,
    pause: Duration::from_millis(80),
    insist: false,
};

pub async fn run(world: &mut World, form: Form) -> Result<Findings> {
    let away = Duration::from_secs(form.pick(15, 300) as u64);
    let tenant = Tenant::new(world).await?;
    let ledger = Arc::new(Ledger::default());
    let writers = Writers::start(&tenant, &ledger, MANNER);
    Server::Broker.kill().await?;
    tokio::time::sleep(away).await;
    let waiting = "SELECT COUNT(*) FROM outbox WHERE published_at IS NULL";
    let waiting = tenant.count(waiting).await?;
    // The nodes can do without the broker, and say so.
    let mut warned = 0;
    for node in NODES {
        let url = format!("http://127.0.0.1:{}/readyz", world.stack.node_port(node));
        let answer = builder().build()?.get(url).send().await?;
        let ready = answer.status().is_success();
        let health: Value = answer.json().await?;
        warned += i32::from(ready && health.pointer("/warnings/broker").is_some());
    }
    Server::Broker.start().await?;
    writers.stop().await?;
    let audit = ledger.close(&tenant, PATIENCE).await?;
    let mut bars = audit.bars_without_failures();
    bars.push(Bar::at_least(
        "nodes ready with a warning",
        warned.into(),
        2.0,
    ));
    Ok(Findings {
        bars,
        figures: json!({
            "away_seconds": away.as_secs(), "waiting_in_the_outbox": waiting, "ledger": audit,
        }),
    })
}
