//! A node, and then the process that consumes, is asked to end while everybody works: it says that it
//! is not ready, and nobody notices anything else.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use e2e::client::builder;
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    Findings, Form,
    ledger::Ledger,
    tenant::Tenant,
    world::{NODES, WORKER, World},
};
use crate::report::Bar;

const CLIENTS: usize = 8;
const LOOK: Duration = Duration::from_millis(10);
/// How long a node may take to end.
const PATIENCE: Duration = Duration::from_secs(60);
const AFTER: Duration = Duration::from_secs(1);

/// When an answer came that should not have come.
type Failures = Arc<Mutex<Vec<(Instant, String)>>>;

pub async fn run(world: &mut World, form: Form) -> Result<Findings> {
    let rounds = form.pick(3, 15);
    let tenant = Tenant::new(world).await?;
    let (ledger, failures) = (Arc::new(Ledger::default()), Failures::default());
    let stop = CancellationToken::new();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (tenant, ledger) = (Arc::clone(&tenant), Arc::clone(&ledger));
        clients.spawn(work(
            client,
            tenant,
            ledger,
            Arc::clone(&failures),
            stop.clone(),
        ));
    }
    let (mut after, mut unclean, mut lasted) = (0, 0, Vec::new());
    let [one, other] = NODES;
    for node in [one, other, WORKER].into_iter().cycle().take(rounds) {
        tokio::time::sleep(AFTER).await;
        let (asked, seen) = (Instant::now(), failures_of(&failures).len());
        world.stack.terminate(node)?;
        let not_ready = not_ready(world.stack.node_port(node)).await?;
        let ended = loop {
            if let Some(ended) = world.stack.ended(node)? {
                break ended;
            }
            anyhow::ensure!(asked.elapsed() < PATIENCE, "{node} does not end");
            tokio::time::sleep(LOOK).await;
        };
        lasted.push(asked.elapsed().as_secs_f64());
        unclean += usize::from(!ended.success());
        tokio::time::sleep(AFTER).await;
        let late = failures_of(&failures).into_iter().skip(seen);
        after += late.filter(|(when, _)| *when >= not_ready).count();
        world.stack.restart_node(node).await?;
    }
    stop.cancel();
    clients.join_all().await;
    let audit = ledger.close(&tenant, PATIENCE).await?;
    let all = failures_of(&failures);
    let slowest = lasted.iter().copied().fold(0.0, f64::max);
    let mut bars = audit.bars();
    #[expect(clippy::cast_precision_loss, reason = "counts of an experiment")]
    bars.extend([
        Bar::at_most("5xx after not ready", after as f64, 0.0),
        Bar::at_most("failed requests in all", all.len() as f64, 0.0),
        Bar::at_most("processes that ended with an error", unclean as f64, 0.0),
        // Much less than it may take: then the gateway had stopped sending requests there.
        Bar::at_most("slowest end, s", slowest, 12.0),
    ]);
    let first: Vec<_> = all.iter().take(5).map(|(_, how)| how.clone()).collect();
    Ok(Findings {
        bars,
        figures: json!({
            "terminated": rounds, "ended_after_seconds": lasted, "failures_in_all": all.len(),
            "first_failures": first, "ledger": audit,
        }),
    })
}

fn failures_of(failures: &Failures) -> Vec<(Instant, String)> {
    let failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
    failures.clone()
}

/// Reads and writes in turn until told to stop.
async fn work(
    client: usize,
    tenant: Arc<Tenant>,
    ledger: Arc<Ledger>,
    failures: Failures,
    stop: CancellationToken,
) {
    for number in 0.. {
        if stop.is_cancelled() {
            return;
        }
        let started = Instant::now();
        let writes = number % 4 == 0;
        let name = format!("{client}-{number}");
        let answer = if writes {
            tenant.make_task(&name).await
        } else {
            tenant.board().await
        };
        let how = match answer {
            Ok(answer) if answer.status.is_success() => {
                if writes {
                    ledger.acknowledged(name, started.elapsed());
                }
                continue;
            }
            Ok(answer) => format!("{} {}", answer.status, answer.body),
            Err(error) => format!("{error:#}"),
        };
        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.push((Instant::now(), how));
    }
}

/// Waits until a node says that it is not ready, or nothing; when that was.
async fn not_ready(port: u16) -> Result<Instant> {
    let http = builder().timeout(Duration::from_secs(1)).build()?;
    let url = format!("http://127.0.0.1:{port}/readyz");
    let asked = Instant::now();
    while asked.elapsed() < PATIENCE {
        let answer = http.get(&url).send().await;
        if !answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(Instant::now());
        }
        tokio::time::sleep(LOOK).await;
    }
    None.context("the node stayed ready")
}
