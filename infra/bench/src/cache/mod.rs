//! What is kept and what is not, side by side: found in memory, found on the document server,
//! missed, and computed without any cache. An answer is kept where finding it is five times as fast
//! as computing it; of what is not kept, the hit, or the fastest that there could be, shows whether
//! that is still right.

mod folder;
mod plan;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde::Serialize;
use tr_app::{
    board::get_board,
    work_items::{WorkItemFilter, get_work_item, list_work_items},
};
use tr_cache::{Cache, CacheSettings, Documents};
use tr_domain::access::Viewer;
use tr_store::epochs;

use crate::{report, report::Bar, statistics::percentile};
use plan::{Board, Plan};

/// How much faster a hit has to be than computing.
const WORTH: f64 = 5.0;
const ROUNDS: usize = 5;
/// Calls of one way in a round.
const CALLS: usize = 100;
/// By then an answer is on the document server.
const SETTLED: Duration = Duration::from_millis(500);

/// How one way of answering went.
#[derive(Debug, Serialize)]
struct Way {
    kind: &'static str,
    way: &'static str,
    p50_micros: u64,
    p99_micros: u64,
    mean_micros: u64,
}

#[derive(Debug, Serialize)]
struct Figures {
    ways: Vec<Way>,
    board_bytes: Vec<usize>,
    folder_bytes: usize,
    document_server: bool,
}

/// Runs it. Whether the bars were met.
pub async fn run() -> Result<bool> {
    report::line("cache: making boards of 5,000 tasks and a folder of 500 grids");
    let plan = Plan::make().await?;
    let mut ways = Vec::new();
    for board in &plan.boards {
        ways.extend(boards(&plan, board).await?);
    }
    let (folders, folder_bytes) = folders(&plan).await?;
    ways.extend(folders);
    ways.extend(elements(&plan).await?);
    for way in &ways {
        report::line(&format!(
            "{:<22} {:<28} p50 {:>7} µs  p99 {:>7} µs  mean {:>7} µs",
            way.kind, way.way, way.p50_micros, way.p99_micros, way.mean_micros
        ));
    }
    let documents = plan.documents().await?.is_some();
    let mut bars = Vec::new();
    for Board { kind, .. } in &plan.boards {
        let name = format!("{kind}: computed / found in memory");
        bars.push(Bar::at_least(name, gain(&ways, kind, MEMORY), WORTH));
        if documents {
            let found = gain(&ways, kind, DOCUMENTS);
            bars.push(if is_shared(&ways, kind) {
                let name = format!("{kind}: computed / found on the document server");
                Bar::at_least(name, found, WORTH)
            } else {
                let name = format!("{kind}, not kept on the document server: computed / found");
                Bar::at_most(name, found, WORTH)
            });
        }
    }
    for (name, kind) in [
        ("folder listing, not kept: computed / fastest hit", "folder"),
        ("element, not kept: computed / fastest hit", "element"),
        (
            "element with tasks, not kept: computed / fastest hit",
            "element with tasks",
        ),
    ] {
        bars.push(Bar::at_most(name, gain(&ways, kind, FASTEST), WORTH));
    }
    let mut board_bytes = Vec::new();
    for one in &plan.boards {
        board_bytes.push(board(&plan, one, &as_it_is(0, None)).await?);
    }
    let figures = Figures {
        ways,
        board_bytes,
        folder_bytes,
        document_server: documents,
    };
    report::conclude("cache", &bars, &figures)
}

const COMPUTED: &str = "computed";
const MEMORY: &str = "found in memory";
const DOCUMENTS: &str = "found on the document server";
const MISSED: &str = "missed, computed and kept";
const FASTEST: &str = "fastest hit there could be";

/// Whether such an answer goes to the document server: whether it is computed for long enough.
fn is_shared(ways: &[Way], kind: &str) -> bool {
    let computed = Duration::from_micros(p50(ways, kind, COMPUTED).unwrap_or_default());
    computed >= CacheSettings::default().share_after
}

/// How many times faster a way is than computing, by the medians.
#[expect(clippy::cast_precision_loss, reason = "microseconds")]
fn gain(ways: &[Way], kind: &str, way: &str) -> f64 {
    let p50 = |way| p50(ways, kind, way).map_or(f64::NAN, |micros| micros as f64);
    p50(COMPUTED) / p50(way)
}

fn p50(ways: &[Way], kind: &str, way: &str) -> Option<u64> {
    let found = ways.iter().find(|one| one.kind == kind && one.way == way);
    found.map(|one| one.p50_micros)
}

/// A cache as a program has it, with this memory.
fn as_it_is(memory: u64, documents: Option<Documents>) -> Cache {
    let settings = CacheSettings {
        memory,
        ..CacheSettings::default()
    };
    Cache::new(settings, documents)
}

/// One that keeps everything on the document server and nothing in memory.
fn on_the_server(documents: Documents) -> Cache {
    let settings = CacheSettings {
        memory: 0,
        share_after: Duration::ZERO,
        ..CacheSettings::default()
    };
    Cache::new(settings, Some(documents))
}

async fn boards(plan: &Plan, of: &Board) -> Result<Vec<Way>> {
    let documents = plan.documents().await?;
    let nothing = as_it_is(0, None);
    let memory = as_it_is(CacheSettings::default().memory, None);
    let shared = documents.clone().map(on_the_server);
    let both = as_it_is(CacheSettings::default().memory, documents);
    let mut times = Times::of(of.kind, &[COMPUTED, MEMORY, DOCUMENTS, MISSED]);
    for _ in 0..ROUNDS {
        times
            .take(COMPUTED, async || board(plan, of, &nothing).await)
            .await?;
        board(plan, of, &memory).await?;
        times
            .take(MEMORY, async || board(plan, of, &memory).await)
            .await?;
        if let Some(shared) = &shared {
            board(plan, of, shared).await?;
            // It is kept there meanwhile; nobody waits for that.
            tokio::time::sleep(SETTLED).await;
            times
                .take(DOCUMENTS, async || board(plan, of, shared).await)
                .await?;
        }
        for _ in 0..CALLS {
            plan.change(of).await?;
            times
                .add(MISSED, async || board(plan, of, &both).await)
                .await?;
        }
    }
    Ok(times.ways())
}

async fn board(plan: &Plan, of: &Board, cache: &Cache) -> Result<usize> {
    Ok(get_board(&plan.context(), &plan.db, cache, of.grid)
        .await?
        .len())
}

async fn folders(plan: &Plan) -> Result<(Vec<Way>, usize)> {
    let listing = folder::Listing::read(plan).await?;
    let mut times = Times::of("folder", &[COMPUTED, FASTEST]);
    for _ in 0..ROUNDS {
        times
            .take(COMPUTED, async || Ok(folder::computed(plan).await?.len()))
            .await?;
        times
            .take(FASTEST, async || listing.found(plan).await)
            .await?;
    }
    Ok((times.ways(), folder::computed(plan).await?.len()))
}

/// An element alone, and with the tasks in it. A hit has to ask at least for the version and for
/// the reader's right, which is one statement.
async fn elements(plan: &Plan) -> Result<Vec<Way>> {
    let Board { grid, element, .. } = *plan.boards.first().context("a board")?;
    let viewer = Viewer::of(&plan.context().actor);
    let hit = async || {
        let found = epochs::of_grid(plan.db.conn(), &viewer, grid).await?;
        Ok(usize::from(found.is_some()))
    };
    let alone = async || {
        let item = get_work_item(&plan.context(), &plan.db, element).await?;
        Ok(serde_json::to_vec(&item)?.len())
    };
    let with_tasks = async || {
        let filter = WorkItemFilter {
            parent_id: Some(element),
            ..WorkItemFilter::default()
        };
        let tasks = list_work_items(&plan.context(), &plan.db, filter).await?;
        Ok(alone().await? + serde_json::to_vec(&tasks)?.len())
    };
    let mut one = Times::of("element", &[COMPUTED, FASTEST]);
    let mut all = Times::of("element with tasks", &[COMPUTED, FASTEST]);
    for _ in 0..ROUNDS {
        one.take(COMPUTED, alone).await?;
        one.take(FASTEST, hit).await?;
        all.take(COMPUTED, with_tasks).await?;
        all.take(FASTEST, hit).await?;
    }
    let mut ways = one.ways();
    ways.extend(all.ways());
    Ok(ways)
}

/// The times that the ways of one kind took.
struct Times {
    kind: &'static str,
    taken: Vec<(&'static str, Vec<u64>)>,
}

impl Times {
    fn of(kind: &'static str, ways: &[&'static str]) -> Self {
        let taken = ways.iter().map(|way| (*way, Vec::new())).collect();
        Self { kind, taken }
    }

    /// A round of calls.
    async fn take(
        &mut self,
        way: &'static str,
        call: impl AsyncFn() -> Result<usize>,
    ) -> Result<()> {
        for _ in 0..CALLS {
            self.add(way, &call).await?;
        }
        Ok(())
    }

    /// One call.
    async fn add(
        &mut self,
        way: &'static str,
        call: impl AsyncFn() -> Result<usize>,
    ) -> Result<()> {
        let started = Instant::now();
        std::hint::black_box(call().await?);
        let took = micros(started.elapsed());
        if let Some((_, taken)) = self.taken.iter_mut().find(|(name, _)| *name == way) {
            taken.push(took);
        }
        Ok(())
    }

    fn ways(self) -> Vec<Way> {
        let kind = self.kind;
        let measured = self
            .taken
            .into_iter()
            .filter(|(_, taken)| !taken.is_empty());
        measured
            .map(|(way, mut taken)| {
                taken.sort_unstable();
                Way {
                    kind,
                    way,
                    p50_micros: percentile(&taken, 0.50),
                    p99_micros: percentile(&taken, 0.99),
                    mean_micros: taken.iter().sum::<u64>() / taken.len().max(1) as u64,
                }
            })
            .collect()
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Answers of one database on the document server, or none where there is no server.
async fn documents(name: &str) -> Result<Option<Documents>> {
    let Some(url) = &testkit::services().mongodb_url else {
        return Ok(None);
    };
    let url = format!("{}/{name}", url.trim_end_matches('/'));
    Ok(Some(Documents::open(&url).await?))
}
