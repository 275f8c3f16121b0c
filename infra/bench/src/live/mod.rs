//! Two thousand sockets on one node. All hear what is written into a grid, at a rate; then all are
//! gone while more is written, and come back at once, each with its last number. Nobody may miss
//! anything or hear it out of order.

mod socket;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

use crate::{arena::Arena, program, report, report::Bar, statistics::percentile};
use socket::{Door, Heard, Moment};

const SOCKETS: usize = 2_000;
/// What is written while all listen, and how many of it a second.
const EVENTS: u64 = 200;
const RATE: f64 = 10.0;
/// What is written while all are gone.
const MISSED: u64 = 100;
/// How long all of them may take to come to the same point.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Debug, Serialize)]
struct Figures {
    sockets: usize,
    opened_seconds: f64,
    heard: usize,
    p50_ms: f64,
    p99_ms: f64,
    slowest_ms: f64,
    let_go: usize,
    resumed: usize,
    resumed_all_seconds: f64,
    resumed_p99_seconds: f64,
    turned_away: usize,
    kib_per_socket: f64,
    node_processor_ms: u64,
}

/// Runs it. Whether the bars were met.
pub async fn run() -> Result<bool> {
    program::raise_open_files()?;
    report::line("live: starting the platform");
    let arena = Arc::new(Arena::open().await?);
    let figures = Crowd::gather(arena).await?.through_it_all().await?;
    figures.tell();
    #[expect(clippy::cast_precision_loss, reason = "a number of messages")]
    let missing = {
        let wanted = SOCKETS * usize::try_from(EVENTS)? + SOCKETS * usize::try_from(MISSED)?;
        wanted.abs_diff(figures.heard + figures.resumed) as f64
    };
    let bars = [
        Bar::at_most("events missed, twice or out of order", missing, 0.0),
        #[expect(clippy::cast_precision_loss, reason = "a number of sockets")]
        Bar::at_most("sockets let go", figures.let_go as f64, 0.0),
        Bar::at_most(
            "p99 from the request to the client, ms",
            figures.p99_ms,
            1_000.0,
        ),
        Bar::at_most("memory of a socket, KiB", figures.kib_per_socket, 64.0),
        Bar::at_most(
            "all back with what they missed, s",
            figures.resumed_all_seconds,
            30.0,
        ),
    ];
    report::conclude("live", &bars, &figures)
}

impl Figures {
    fn tell(&self) {
        report::line(&format!(
            "{} sockets opened in {:.1} s; {:.1} KiB of the node's memory each",
            self.sockets, self.opened_seconds, self.kib_per_socket
        ));
        report::line(&format!(
            "{EVENTS} events at {RATE:.0}/s, {} messages: p50 {:.0} ms, p99 {:.0} ms, slowest \
             {:.0} ms; {} let go; {} ms of the node's processor",
            self.heard,
            self.p50_ms,
            self.p99_ms,
            self.slowest_ms,
            self.let_go,
            self.node_processor_ms
        ));
        report::line(&format!(
            "all back at once after {MISSED} events: {:.1} s until the last had everything \
             (p99 {:.1} s), {} messages; turned away and come again {} times",
            self.resumed_all_seconds, self.resumed_p99_seconds, self.resumed, self.turned_away
        ));
    }
}

/// Everybody who listens, on a thread of their own: they take the machine's time as others do.
struct Crowd {
    arena: Arc<Arena>,
    pid: u32,
    node_kib: u64,
    opened: Duration,
    say: watch::Sender<Moment>,
    hear: mpsc::UnboundedReceiver<Heard>,
    first: u64,
}

impl Crowd {
    async fn gather(arena: Arc<Arena>) -> Result<Self> {
        let pid = arena.stack.pid("runtime-1").context("it runs")?;
        // What the first reader costs is not any socket's.
        arena.rename(0).await?;
        let node_kib = program::resident_kib(pid)?;
        let door = Door::of(Arc::clone(&arena));
        let (say, said) = watch::channel(Moment::Listen);
        let (tell, mut hear) = mpsc::unbounded_channel();
        let started = Instant::now();
        std::thread::spawn(move || {
            let ended = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(anyhow::Error::from)
                .and_then(|runtime| runtime.block_on(crowd(&door, &said, &tell)));
            if let Err(error) = ended {
                report::line(&format!("a socket: {error:#}"));
            }
        });
        let mut first = None;
        for _ in 0..SOCKETS {
            let Heard::Opened(last) = next(&mut hear).await? else {
                anyhow::bail!("somebody heard something before all were there");
            };
            ensure!(
                *first.get_or_insert(last) == last,
                "they begin at different numbers"
            );
        }
        Ok(Self {
            arena,
            pid,
            node_kib,
            opened: started.elapsed(),
            say,
            hear,
            first: first.context("nobody came")?,
        })
    }

    async fn through_it_all(mut self) -> Result<Figures> {
        #[expect(clippy::cast_precision_loss, reason = "KiB")]
        let kib = program::resident_kib(self.pid)?.saturating_sub(self.node_kib) as f64;
        let processor = program::processor_ms(self.pid)?;
        self.say.send_replace(Moment::Until(self.first + EVENTS));
        self.write(EVENTS, Some(RATE)).await?;
        let (mut delays, mut let_go) = (Vec::new(), 0);
        for _ in 0..SOCKETS {
            match next(&mut self.hear).await? {
                Heard::All(some) => delays.extend(some),
                Heard::LetGo(reason) => {
                    report::line(&format!("a socket was let go: {reason}"));
                    let_go += 1;
                }
                Heard::Opened(_) | Heard::Back { .. } => anyhow::bail!("not now"),
            }
        }
        let node_processor_ms = program::processor_ms(self.pid)? - processor;
        delays.sort_unstable();
        self.write(MISSED, None).await?;
        let again = Instant::now();
        self.say
            .send_replace(Moment::Back(self.first + EVENTS + MISSED));
        let (mut resumed, mut turned_away, mut taken) = (0, 0, Vec::new());
        for _ in 0..SOCKETS - let_go {
            let Heard::Back { events, refused } = next(&mut self.hear).await? else {
                anyhow::bail!("not now");
            };
            resumed += events;
            turned_away += refused;
            taken.push(u64::try_from(again.elapsed().as_millis())?);
        }
        taken.sort_unstable();
        #[expect(clippy::cast_precision_loss, reason = "microseconds and milliseconds")]
        let part = |sorted: &[u64], part: f64| percentile(sorted, part) as f64 / 1000.0;
        #[expect(clippy::cast_precision_loss, reason = "a number of sockets")]
        Ok(Figures {
            sockets: SOCKETS,
            opened_seconds: self.opened.as_secs_f64(),
            heard: delays.len(),
            p50_ms: part(&delays, 0.50),
            p99_ms: part(&delays, 0.99),
            slowest_ms: part(&delays, 1.0),
            let_go,
            resumed,
            resumed_all_seconds: part(&taken, 1.0),
            resumed_p99_seconds: part(&taken, 0.99),
            turned_away,
            kib_per_socket: kib / SOCKETS as f64,
            node_processor_ms,
        })
    }

    async fn write(&self, events: u64, per_second: Option<f64>) -> Result<()> {
        let between = per_second.map(|rate| Duration::from_secs_f64(1.0 / rate));
        let mut due = tokio::time::Instant::now();
        for number in 0..events {
            tokio::time::sleep_until(due).await;
            due += between.unwrap_or_default();
            self.arena.rename(number + events).await?;
        }
        Ok(())
    }
}

/// All sockets, until the last is done.
async fn crowd(
    door: &Door,
    said: &watch::Receiver<Moment>,
    tell: &mpsc::UnboundedSender<Heard>,
) -> Result<()> {
    let mut everybody = JoinSet::new();
    for _ in 0..SOCKETS {
        everybody.spawn(socket::listen(door.clone(), said.clone(), tell.clone()));
    }
    while let Some(one) = everybody.join_next().await {
        one??;
    }
    Ok(())
}

async fn next(hear: &mut mpsc::UnboundedReceiver<Heard>) -> Result<Heard> {
    let heard = tokio::time::timeout(PATIENCE, hear.recv()).await;
    heard
        .context("not all were heard of in time")?
        .context("the sockets broke off")
}
