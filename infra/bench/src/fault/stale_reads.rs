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
/// How late what is put into the cache arrives, and again its answer; together a little less than a
/// node waits for it.
const LATE_MS: u64 = 100;
/// How long each state lasts: longer than a node leaves a document server alone that failed.
const SPELL: Duration = Duration::from_secs(3);
/// The part of the reads that memory answers at least: else what is checked is the database.
const FROM_MEMORY: f64 = 0.2;
/// So many rounds are made at most for kept boards to be found on the document server.
const MOST: usize = 10;

#[expect(clippy::cast_precision_loss, reason = "counts of an experiment")]
pub async fn run(world: &mut World, form: Form) -> Result<Findings> {
    let wanted = form.pick(3_000, 100_000);
    let tenant = Tenant::new(world).await?;
    let boards = Boards::watch(&tenant, READERS);
    let (mut rounds, mut restarts, mut kept) = (0, 0, Kept::default());
    let [quiet, busy] = NODES;
    let shared = world.documents.is_some();
    let from_documents = form.pick(1, 20) as f64;
    let enough =
        |kept: &Kept, rounds| !shared || kept.documents >= from_documents || rounds >= MOST;
    while boards.reads() < wanted || !enough(&kept, rounds) {
        rounds += 1;
        tokio::time::sleep(SPELL).await;
        boards.restart_quietly(world, quiet).await?;
        if let Some(documents) = &world.documents {
            documents.slow(LATE_MS).await?;
            tokio::time::sleep(SPELL).await;
            documents.open().await?;
            Server::Documents.kill().await?;
            Server::Documents.start().await?;
            restarts += 1;
        }
        for node in NODES {
            kept.count(world, node).await;
        }
        world.restart(busy).await?;
    }
    let history = boards.stop().await?;
    let mut bars = vec![
        Bar::at_most("stale reads", history.stale() as f64, 0.0),
        Bar::at_least("checked reads", history.reads.len() as f64, wanted as f64),
        // Otherwise nothing was put to the test.
        Bar::at_least(
            "reads from memory",
            kept.memory,
            wanted as f64 * FROM_MEMORY,
        ),
        Bar::at_most("failed reads", history.failed_reads as f64, 0.0),
        Bar::at_most("kept answers found wrong", kept.wrong, 0.0),
    ];
    if world.documents.is_some() {
        let name = "reads from the document server";
        bars.push(Bar::at_least(name, kept.documents, from_documents));
    }
    Ok(Findings {
        bars,
        figures: json!({
            "writes": history.writes, "writes_of_unknown_outcome": history.failed_writes,
            "node_kills": rounds * NODES.len(), "document_server_restarts": restarts,
            "read_p99_ms": history.p99_ms(),
        }),
    })
}

/// How many answers nodes found, by where.
#[derive(Default)]
struct Kept {
    memory: f64,
    documents: f64,
    /// Answers that were computed once more and came out otherwise.
    wrong: f64,
}

impl Kept {
    /// Those of a node since it started.
    async fn count(&mut self, world: &World, node: &str) {
        let memory = ["cache_reads_total", "source=\"memory\""];
        let documents = ["cache_reads_total", "source=\"documents\""];
        let count = async |parts: &[&str]| world.metric(node, parts).await.unwrap_or_default();
        self.memory += count(&memory).await;
        self.documents += count(&documents).await;
        self.wrong += count(&["cache_mismatches_total"]).await;
    }
}
