//! Those who read a board while others change different things of it: none of them may see less of
//! any than what was acknowledged before they asked.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use serde_json::Value;
use testkit::history::{Read, stale};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    tenant::{Tenant, Thing},
    world::World,
};
use crate::statistics::percentile;

/// How long each writer waits between two changes: long enough for answers to be kept and found.
const PAUSE: Duration = Duration::from_millis(180);
/// What a board that does not change needs to be kept, and a fresh node to have found it.
const QUIET: Duration = Duration::from_millis(500);

/// One who writes for each thing that changes, and some who read.
pub struct Boards {
    shared: Arc<Shared>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

/// A number for each thing.
#[derive(Default)]
struct Newest {
    element: AtomicU64,
    stage: AtomicU64,
    grid: AtomicU64,
}

impl Newest {
    const fn of(&self, thing: Thing) -> &AtomicU64 {
        match thing {
            Thing::Element => &self.element,
            Thing::Stage => &self.stage,
            Thing::Grid => &self.grid,
        }
    }
}

#[derive(Default)]
struct Shared {
    /// The newest revision of each thing that was acknowledged.
    acknowledged: Newest,
    /// Whether nobody writes for now.
    paused: AtomicBool,
    history: Mutex<History>,
}

/// What was read so far.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Of each board that was read, the thing that it was nearest to be stale in.
    pub reads: Vec<Read>,
    pub micros: Vec<u64>,
    pub writes: usize,
    pub failed_reads: usize,
    pub failed_writes: usize,
}

impl History {
    /// Reads that saw less than they had to.
    pub fn stale(&self) -> usize {
        stale(&self.reads)
    }

    /// 99 of 100 reads took at most so many milliseconds.
    pub fn p99_ms(&self) -> u64 {
        let mut micros = self.micros.clone();
        micros.sort_unstable();
        percentile(&micros, 0.99) / 1000
    }
}

impl Boards {
    /// Starts to change and to read the board of a tenant.
    pub fn watch(tenant: &Arc<Tenant>, readers: usize) -> Self {
        let (shared, stop) = (Arc::new(Shared::default()), CancellationToken::new());
        let mut tasks = JoinSet::new();
        for thing in Thing::ALL {
            let shared = Arc::clone(&shared);
            tasks.spawn(write(Arc::clone(tenant), thing, shared, stop.clone()));
        }
        for _ in 0..readers {
            tasks.spawn(read(Arc::clone(tenant), Arc::clone(&shared), stop.clone()));
        }
        Self {
            shared,
            stop,
            tasks,
        }
    }

    /// Has nobody write for now, or goes on with it; what is under way is finished.
    fn pause(&self, paused: bool) {
        self.shared.paused.store(paused, Ordering::SeqCst);
    }

    /// Kills a node and starts it again while nobody writes: it finds what the other one kept.
    pub async fn restart_quietly(&self, world: &mut World, node: &'static str) -> Result<()> {
        self.pause(true);
        tokio::time::sleep(QUIET).await;
        world.restart(node).await?;
        tokio::time::sleep(QUIET).await;
        self.pause(false);
        Ok(())
    }

    /// How many reads were made so far.
    pub fn reads(&self) -> usize {
        self.shared.history().reads.len()
    }

    /// What was read since the last time it was asked.
    pub fn take(&self) -> History {
        std::mem::take(&mut self.shared.history())
    }

    /// Stops, and tells what was read.
    pub async fn stop(mut self) -> Result<History> {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended?;
        }
        Ok(self.take())
    }
}

impl Shared {
    fn history(&self) -> std::sync::MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(tenant: Arc<Tenant>, thing: Thing, shared: Arc<Shared>, stop: CancellationToken) {
    let mut number = 0_u64;
    loop {
        let pause = tokio::time::sleep(PAUSE);
        if stop.run_until_cancelled(pause).await.is_none() {
            return;
        }
        if shared.paused.load(Ordering::SeqCst) {
            continue;
        }
        number += 1;
        let written = match thing {
            Thing::Element if number.is_multiple_of(2) => {
                tenant.move_element(number.is_multiple_of(4)).await
            }
            _ => tenant.rename(thing, &number.to_string()).await,
        };
        let revision = match written {
            Ok(answer) if answer.status.is_success() => {
                answer.body.get("revision").and_then(Value::as_u64)
            }
            _ => None,
        };
        match revision {
            // A revision grows with each commit, whoever's; the acknowledged ones come in order.
            Some(revision) => {
                let newest = shared.acknowledged.of(thing);
                newest.fetch_max(revision, Ordering::SeqCst);
                shared.history().writes += 1;
            }
            None => shared.history().failed_writes += 1,
        }
    }
}

async fn read(tenant: Arc<Tenant>, shared: Arc<Shared>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let newest = |thing| (thing, shared.acknowledged.of(thing).load(Ordering::SeqCst));
        let acknowledged = Thing::ALL.map(newest);
        let started = Instant::now();
        let board = match tenant.board().await {
            Ok(answer) if answer.status.is_success() => Some(answer.body),
            _ => None,
        };
        let took = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut history = shared.history();
        let Some(board) = board else {
            history.failed_reads += 1;
            continue;
        };
        // What is not on the board was not seen at all.
        let reads = acknowledged.map(|(thing, acknowledged)| Read {
            acknowledged,
            seen: tenant.revision_on(&board, thing).unwrap_or(0),
        });
        let nearest = reads
            .into_iter()
            .min_by_key(|read| i128::from(read.seen) - i128::from(read.acknowledged));
        history.reads.extend(nearest);
        history.micros.push(took);
    }
}
