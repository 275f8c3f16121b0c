//! Fault experiments: servers and programs are killed, cut off, slowed down and flooded while work
//! is under way, and a ledger of what was acknowledged is compared with what is there afterwards.

mod api_kill;
mod boards;
mod broker_down;
mod broker_kill;
mod connection_resets;
mod consumer_kill;
mod database_kill;
mod documents_down;
mod events;
mod flood;
mod half_open;
mod ledger;
mod misses;
mod poison;
mod redis_kill;
mod servers;
mod stale_reads;
mod tenant;
mod terminate;
mod wire;
mod world;
mod writers;

use std::{
    fs,
    path::Path,
    pin::Pin,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::report::{self, Bar, line};
use world::World;

/// How much of an experiment is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Little enough that all take less than ten minutes.
    Short,
    /// As often and as long as they were designed.
    Long,
}

impl Form {
    /// The number for this form.
    const fn pick(self, short: usize, long: usize) -> usize {
        match self {
            Self::Short => short,
            Self::Long => long,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Long => "long",
        }
    }
}

/// What an experiment found.
struct Findings {
    bars: Vec<Bar>,
    figures: Value,
}

type Running<'w> = Pin<Box<dyn Future<Output = Result<Findings>> + 'w>>;

/// An experiment.
struct Experiment {
    name: &'static str,
    /// What is done and what has to hold.
    criterion: &'static str,
    run: for<'w> fn(&'w mut World, Form) -> Running<'w>,
}

macro_rules! experiments {
    ($($name:literal $module:ident $criterion:literal)+) => {
        &[$(Experiment {
            name: $name,
            criterion: $criterion,
            run: |world, form| Box::pin($module::run(world, form)),
        }),+]
    };
}

/// All of them, in the order in which `all` runs them.
const EXPERIMENTS: &[Experiment] = experiments! {
    "broker-kill" broker_kill
        "the broker is killed while events are published: no confirmed event is lost"
    "consumer-kill" consumer_kill
        "the process that consumes is killed: every event has its effect, once"
    "api-kill" api_kill
        "nodes are killed between commit and publish: every row is delivered within 60 s"
    "broker-down" broker_down
        "the broker is away while people write: no write fails, no effect is doubled"
    "connection-resets" connection_resets
        "connections are reset every 2 s: consumers are back within 10 s with their prefetch"
    "half-open" half_open
        "the broker's connections fall silent: noticed within two heartbeats"
    "poison" poison
        "1 % of the events is poison: all of it in the dead letters, good p99 below twice"
    "flood" flood
        "one tenant floods: another's dwell p99 below 2 s in schedule, 5 s in activity"
    "stale-reads" stale_reads
        "writers, readers, late fills, nodes and document server killed: 0 stale reads"
    "misses" misses
        "200 ask at once for what is not kept: each process computes it once"
    "documents-down" documents_down
        "the document server is killed, slow, silent: every answer is right"
    "redis-kill" redis_kill
        "Redis is killed: at most new sign-ins, and no revoked session comes back"
    "database-kill" database_kill
        "MariaDB is killed: no acknowledged write is lost"
    "terminate" terminate
        "nodes and consumers are asked to end under load: no 5xx after they say so, nothing lost"
};

/// Runs what was asked for; whether all bars were met.
pub async fn run(arguments: &[&str]) -> Result<bool> {
    let (names, options): (Vec<&str>, Vec<&str>) = arguments
        .iter()
        .partition(|argument| !argument.starts_with("--"));
    let [name] = names.as_slice() else {
        bail!(
            "fault NAME [--short | --long], NAME being all or one of: {}",
            known()
        );
    };
    let form = match (options.as_slice(), *name) {
        ([], "all") | (["--short"], _) => Form::Short,
        ([], _) | (["--long"], _) => Form::Long,
        _ => bail!("--short or --long"),
    };
    let wanted: Vec<&Experiment> = EXPERIMENTS
        .iter()
        .filter(|experiment| *name == "all" || *name == experiment.name)
        .collect();
    if wanted.is_empty() {
        bail!("there is no fault experiment `{name}`: all, {}", known());
    }
    let started = Instant::now();
    let mut world = World::open().await?;
    let mut failed = Vec::new();
    for experiment in &wanted {
        if !experiment.conduct(&mut world, form).await? {
            failed.push(experiment.name);
        }
    }
    let seconds = started.elapsed().as_secs();
    let (all, good) = (wanted.len(), wanted.len() - failed.len());
    line(&format!(
        "\n{good} of {all} experiments passed in {seconds} s"
    ));
    if !failed.is_empty() {
        line(&format!("failed: {}", failed.join(", ")));
    }
    Ok(failed.is_empty())
}

fn known() -> String {
    let names = EXPERIMENTS.iter().map(|experiment| experiment.name);
    names.collect::<Vec<_>>().join(", ")
}

impl Experiment {
    /// Runs it; whether its bars were met. One that broke off is told and mended after.
    async fn conduct(&self, world: &mut World, form: Form) -> Result<bool> {
        line(&format!(
            "\n{} ({}): {}",
            self.name,
            form.name(),
            self.criterion
        ));
        let started = Instant::now();
        let limit = Duration::from_secs(form.pick(180, 3600) as u64);
        let ran = tokio::time::timeout(limit, (self.run)(world, form)).await;
        let over = |_| Err(anyhow::anyhow!("not over within {} s", limit.as_secs()));
        let passed = match ran.unwrap_or_else(over) {
            Ok(Findings { bars, figures }) => {
                if let Some(figures) = figures.as_object() {
                    for (what, figure) in figures {
                        line(&format!("        {what}: {figure}"));
                    }
                }
                report::conclude(&format!("fault-{}", self.name), &bars, &figures)?
            }
            Err(error) => {
                line(&format!("MISSED  broke off: {error:#}"));
                false
            }
        };
        let seconds = started.elapsed().as_secs();
        line(&format!("        {} s", seconds));
        if !passed {
            self.keep_logs(world)?;
            world.mend().await?;
        }
        Ok(passed)
    }

    /// What the programs said, for whoever looks for the reason.
    fn keep_logs(&self, world: &World) -> Result<()> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
        let directory = directory.join(format!("fault-{}-logs", self.name));
        fs::create_dir_all(&directory)?;
        let nodes = world::NODES
            .into_iter()
            .chain([world::WORKER, "control-plane"]);
        for program in nodes {
            fs::write(
                directory.join(format!("{program}.log")),
                world.stack.log(program),
            )?;
        }
        line(&format!(
            "        logs in target/bench/fault-{}-logs",
            self.name
        ));
        Ok(())
    }
}
