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
    let (mut kills, mut restarts, mut kept) = (0, 0, Kept::default());
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
            kept.count(world, node).await;
            world.restart(node).await?;
            kills += 1;
        }
    }
    for node in NODES {
        kept.count(world, node).await;
    }
    let history = boards.stop().await?;
    #[expect(clippy::cast_precision_loss, reason = "counts of an experiment")]
    let mut bars = vec![
        Bar::at_most("stale reads", history.stale() as f64, 0.0),
        Bar::at_least("checked reads", history.reads.len() as f64, wanted as f64),
        // Otherwise nothing was put to the test.
        Bar::at_least("reads from memory", kept.memory, 1.0),
        Bar::at_most("failed reads", history.failed_reads as f64, 0.0),
    ];
    if world.documents.is_some() {
        let name = "reads from the document server";
        bars.push(Bar::at_least(name, kept.documents, 1.0));
    }
    Ok(Findings {
        bars,
        figures: json!({
            "writes": history.writes, "writes_of_unknown_outcome": history.failed_writes,
            "node_kills": kills, "document_server_restarts": restarts,
            "read_p99_ms": history.p99_ms(),
        }),
    })
}

/// How many answers nodes found, by where.
#[derive(Default)]
struct Kept {
    memory: f64,
    documents: f64,
}

impl Kept {
    /// Those of a node since it started.
    async fn count(&mut self, world: &World, node: &str) {
        for (found, source) in [
            (&mut self.memory, "source=\"memory\""),
            (&mut self.documents, "source=\"documents\""),
        ] {
            let reads = world.metric(node, &["cache_reads_total", source]).await;
            *found += reads.unwrap_or_default();
        }
    }
}
