//! Events from their commit to their effect, against the floor of the same broker used by bare
//! lapin for messages of the same bytes over the same queues: published with confirms, consumed,
//! acknowledged. First how many a second when a backlog is there, then how long one takes at a
//! rate that both can bear. Last, one sweep of the outboxes of a thousand tenants.

mod classes;
mod floor;
mod product;
mod sweep;

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::{
    report,
    report::Bar,
    statistics::{median, percentile},
};
use product::Product;

/// Rounds of each, in turn.
const ROUNDS: usize = 3;
/// Events a second, and for how many of them, when it is measured how long one takes.
const RATE: f64 = 200.0;
const AT_A_RATE: usize = 2_000;

/// How the events of a class fared.
#[derive(Debug, Serialize)]
struct ClassFigures {
    class: &'static str,
    per_second: Vec<f64>,
    floor_per_second: Vec<f64>,
    dwell: Dwell,
    floor_dwell: Dwell,
    /// Messages that came again for what was done: each costs, and does nothing.
    repeated: usize,
}

/// How long events took from their commit to their effect.
#[derive(Debug, Clone, Copy, Serialize)]
struct Dwell {
    p50_micros: u64,
    p99_micros: u64,
}

impl Dwell {
    fn of(mut micros: Vec<u64>) -> Self {
        micros.sort_unstable();
        Self {
            p50_micros: percentile(&micros, 0.50),
            p99_micros: percentile(&micros, 0.99),
        }
    }
}

#[derive(Debug, Serialize)]
struct Figures {
    classes: Vec<ClassFigures>,
    sweep: sweep::Swept,
}

/// Runs it. Whether the bars were met.
pub async fn run() -> Result<bool> {
    let mut classes = Vec::new();
    for class in classes::MEASURED {
        classes.push(measure(class).await?);
    }
    let sweep = sweep::measure().await?;
    report::line(&format!(
        "sweep of {} outboxes: p50 {:.1} ms, slowest {:.1} ms; found {}",
        sweep.tenants, sweep.p50_ms, sweep.slowest_ms, sweep.found
    ));
    let activity = classes.first().context("activity was measured")?;
    let bars = [
        Bar::at_least(
            "activity: events a second / floor",
            activity.of_floor(),
            0.6,
        ),
        Bar::at_most(
            "sweep of 1,000 tenants of a server, ms (p50)",
            sweep.p50_ms,
            100.0,
        ),
    ];
    report::conclude("queue", &bars, &Figures { classes, sweep })
}

impl ClassFigures {
    /// The median of the rounds, each against the floor beside it.
    fn of_floor(&self) -> f64 {
        let rounds = self.per_second.iter().zip(&self.floor_per_second);
        median(rounds.map(|(ours, floor)| ours / floor).collect())
    }
}

async fn measure(class: classes::Measured) -> Result<ClassFigures> {
    let name = class.class().name();
    let product = Product::start(class).await?;
    let floor = floor::Floor::start(&product).await?;
    // The first round of each warms up connections and statements.
    let backlog = class.backlog();
    product.backlog(backlog / 8).await?;
    floor.backlog(backlog / 8).await?;
    let (mut per_second, mut floor_per_second) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        floor_per_second.push(floor.backlog(backlog).await?);
        per_second.push(product.backlog(backlog).await?);
        report::line(&format!(
            "{name:<13} {:>7.0}/s   floor {:>7.0}/s",
            per_second.last().copied().unwrap_or_default(),
            floor_per_second.last().copied().unwrap_or_default()
        ));
    }
    let figures = ClassFigures {
        class: name,
        per_second,
        floor_per_second,
        dwell: Dwell::of(product.at_a_rate(RATE, AT_A_RATE).await?),
        floor_dwell: Dwell::of(floor.at_a_rate(RATE, AT_A_RATE).await?),
        repeated: product.repeated().await,
    };
    report::line(&format!(
        "{name:<13} {:.2} of the floor; dwell at {RATE:.0}/s p50 {:.1} ms, p99 {:.1} ms; \
         floor p50 {:.1} ms, p99 {:.1} ms; {} came again",
        figures.of_floor(),
        millis(figures.dwell.p50_micros),
        millis(figures.dwell.p99_micros),
        millis(figures.floor_dwell.p50_micros),
        millis(figures.floor_dwell.p99_micros),
        figures.repeated,
    ));
    Ok(figures)
}

#[expect(clippy::cast_precision_loss, reason = "microseconds")]
fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}
