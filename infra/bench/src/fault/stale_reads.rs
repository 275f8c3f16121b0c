//! Boards are read while they change, while nodes and the document server are killed, and while
//! what is put into the cache arrives late.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::{
    Findings, Form,
    boards::Boards,
    servers::Server,
    tenant::Tenant,
    world::{NODES, World},
};
use crate::report::Bar;

const READERS: usize = 6;
/// How late what is put into the cache arrives; a little less than a node waits for it.
const LATE_MS: u64 = 150;
/// How long each state lasts.
const SPELL: Duration = Duration::from_secs(2);

pub async fn run(world: &mut World, form: Form) -> Result<Findings> {
    let wanted = form.pick(3_000, 100_000);
    let tenant = Tenant::new(world).await?;
    let boards = Boards::watch(&tenant, READERS);
    let (mut kills, mut restarts, mut kept) = (0, 0, 0.0);
    let mut nodes = NODES.into_iter().cycle();
    while boards.reads() < wanted || kills < NODES.len() {
        tokio::time::sleep(SPELL).await;
        if let Some(documents) = &world.documents {
            documents.slow(LATE_MS).await?;
            tokio::time::sleep(SPELL).await;
            documents.open().await?;
            Server::Documents.kill().await?;
            Server::Documents.start().await?;
            restarts += 1;
        }
        if let Some(node) = nodes.next() {
            kept += from_the_cache(world, node).await;
            world.restart(node).await?;
            kills += 1;
        }
    }
    for node in NODES {
        kept += from_the_cache(world, node).await;
    }
    let history = boards.stop().await?;
    #[expect(clippy::cast_precision_loss, reason = "counts of an experiment")]
    let bars = vec![
        Bar::at_most("stale reads", history.stale() as f64, 0.0),
        Bar::at_least("checked reads", history.reads.len() as f64, wanted as f64),
        // Otherwise nothing was put to the test.
        Bar::at_least("reads from the cache", kept, 1.0),
        Bar::at_most("failed reads", history.failed_reads as f64, 0.0),
    ];
    Ok(Findings {
        bars,
        figures: json!({
            "writes": history.writes, "writes_of_unknown_outcome": history.failed_writes,
            "node_kills": kills, "document_server_restarts": restarts,
            "read_p99_ms": history.p99_ms(),
        }),
    })
}

/// How many answers a node found in its cache since it started.
async fn from_the_cache(world: &World, node: &str) -> f64 {
    let mut found = 0.0;
    for source in ["source=\"memory\"", "source=\"documents\""] {
        let reads = world.metric(node, &["cache_reads_total", source]).await;
        found += reads.unwrap_or_default();
    }
    found
}
