//! The document server that keeps answers is killed, slow or silent.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::{
    Findings, Form,
    boards::{Boards, History},
    servers::Server,
    tenant::Tenant,
    world::{NODES, World},
};
use crate::report::Bar;

const READERS: usize = 4;
const SLOW_MS: u64 = 1_000;

pub async fn run(world: &mut World, form: Form) -> Result<Findings> {
    let spell = Duration::from_secs(form.pick(4, 60) as u64);
    let documents = world.documents.clone();
    let documents = documents.context("there is no document server: install mongod or Go")?;
    let tenant = Tenant::new(world).await?;
    let boards = Boards::watch(&tenant, READERS);
    let (mut stale, mut failed, mut figures) = (0, 0, Map::new());
    let mut spell = async |state: &str| -> History {
        tokio::time::sleep(spell).await;
        let history = boards.take();
        stale += history.stale();
        failed += history.failed_reads + history.failed_writes;
        let told = json!({
            "reads": history.reads.len(), "writes": history.writes, "read_p99_ms": history.p99_ms(),
        });
        figures.insert(state.to_owned(), told);
        history
    };
    let mut fewest = spell("well").await.reads.len();
    // Otherwise nobody would notice that it is away.
    let [node, _] = NODES;
    boards.restart_quietly(world, node).await?;
    let found = ["cache_reads_total", "source=\"documents\""];
    let found = world.metric(node, &found).await.unwrap_or_default();
    Server::Documents.kill().await?;
    fewest = fewest.min(spell("killed").await.reads.len());
    Server::Documents.start().await?;
    documents.slow(SLOW_MS).await?;
    fewest = fewest.min(spell("slow").await.reads.len());
    documents.open().await?;
    documents.fall_silent().await?;
    fewest = fewest.min(spell("silent").await.reads.len());
    documents.open().await?;
    fewest = fewest.min(spell("well again").await.reads.len());
    boards.stop().await?;
    #[expect(clippy::cast_precision_loss, reason = "counts of an experiment")]
    let bars = vec![
        Bar::at_most("stale answers", stale as f64, 0.0),
        Bar::at_most("failed requests", failed as f64, 0.0),
        Bar::at_least("fewest reads of a state", fewest as f64, 20.0),
        Bar::at_least("reads from the document server", found, 1.0),
    ];
    Ok(Findings {
        bars,
        figures: Value::Object(figures),
    })
}
