//! Those who read a board while somebody changes it: none of them may see less than what was
//! acknowledged before they asked.

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

use super::tenant::Tenant;
use crate::statistics::percentile;

/// How long the writer waits between two changes: long enough for answers to be kept and found.
const PAUSE: Duration = Duration::from_millis(60);

/// One who writes and some who read.
pub struct Boards {
    shared: Arc<Shared>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    /// The newest revision that was acknowledged.
    acknowledged: AtomicU64,
    /// Whether nobody writes for now.
    paused: AtomicBool,
    history: Mutex<History>,
}

/// What was read so far.
#[derive(Debug, Clone, Default)]
pub struct History {
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
        tasks.spawn(write(Arc::clone(tenant), Arc::clone(&shared), stop.clone()));
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
    pub fn pause(&self, paused: bool) {
        self.shared.paused.store(paused, Ordering::SeqCst);
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

async fn write(tenant: Arc<Tenant>, shared: Arc<Shared>, stop: CancellationToken) {
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
        let revision = match tenant.rename_element(&number.to_string()).await {
            Ok(answer) if answer.status.is_success() => number_at(&answer.body, "/revision"),
            _ => None,
        };
        match revision {
            // A revision grows with each commit, whoever's; the acknowledged ones come in order.
            Some(revision) => {
                shared.acknowledged.fetch_max(revision, Ordering::SeqCst);
                shared.history().writes += 1;
            }
            None => shared.history().failed_writes += 1,
        }
    }
}

async fn read(tenant: Arc<Tenant>, shared: Arc<Shared>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let acknowledged = shared.acknowledged.load(Ordering::SeqCst);
        let started = Instant::now();
        let seen = match tenant.board().await {
            Ok(answer) if answer.status.is_success() => {
                number_at(&answer.body, "/cells/0/elements/0/revision")
            }
            _ => None,
        };
        let took = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut history = shared.history();
        match seen {
            Some(seen) => {
                history.reads.push(Read { acknowledged, seen });
                history.micros.push(took);
            }
            None => history.failed_reads += 1,
        }
    }
}

fn number_at(body: &Value, pointer: &str) -> Option<u64> {
    body.pointer(pointer).and_then(Value::as_u64)
}
