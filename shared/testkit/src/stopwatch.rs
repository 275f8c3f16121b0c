//! Time in which a test was let run. A shared machine may stop everything on it for a second, and
//! a limit is about what the program does in its time, not about the machine.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

const TICK: Duration = Duration::from_millis(10);
/// The most that counts between two ticks: what is longer is a stall.
const MOST: Duration = Duration::from_millis(50);

/// Microseconds that this process was let run since the first look.
static RUN: LazyLock<&'static AtomicU64> = LazyLock::new(|| {
    static MICROS: AtomicU64 = AtomicU64::new(0);
    std::thread::spawn(|| {
        let mut last = Instant::now();
        loop {
            std::thread::sleep(TICK);
            let now = Instant::now();
            let counts = now.duration_since(last).min(MOST).as_micros();
            MICROS.fetch_add(u64::try_from(counts).unwrap_or(0), Ordering::Relaxed);
            last = now;
        }
    });
    &MICROS
});

/// Measures how long a test was let run, in steps of 10 ms.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    since: Duration,
}

impl Stopwatch {
    /// From now on.
    #[must_use]
    pub fn start() -> Self {
        Self { since: run() }
    }

    /// How long it was since the start; stalls of the machine count 50 ms each.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        run().saturating_sub(self.since)
    }
}

fn run() -> Duration {
    Duration::from_micros(RUN.load(Ordering::Relaxed))
}

/// What a future comes to, or nothing when it takes longer than the limit.
pub async fn within<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    let watch = Stopwatch::start();
    let over = async {
        while watch.elapsed() < limit {
            tokio::time::sleep(TICK).await;
        }
    };
    tokio::select! {
        biased;
        output = future => Some(output),
        () = over => None,
    }
}
