//! Every connection to the broker is reset every two seconds, for a while.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use broker::topology::CLASSES;
use e2e::client::builder;
use lapin::{
    Channel, Connection, ConnectionProperties, options::QueueDeclareOptions, types::FieldTable,
};
use serde_json::{Value, json};
use testkit::services;
use url::Url;

use super::{
    Findings, Form,
    ledger::Ledger,
    tenant::Tenant,
    world::{WORKER, World, until},
    writers::{Manner, Writers},
};
use crate::report::Bar;

const EVERY: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(60);
/// How often, and how many times, the broker is asked who consumes.
const GATHERING: Duration = Duration::from_secs(3);
const LOOKS: usize = 15;

pub async fn run(world: &mut World, form: Form) -> Result<Findings> {
    let resets = form.pick(6, 60);
    let tenant = Tenant::new(world).await?;
    let ledger = Arc::new(Ledger::default());
    let lost = async |world: &World| {
        let lost = ["broker_connections_lost_total", "link=\"consumers\""];
        world.metric(WORKER, &lost).await.unwrap_or_default()
    };
    let before = lost(world).await;
    let consuming = settled(world).await?;
    let broker = Connection::connect(&world.broker_url, ConnectionProperties::default()).await?;
    let channel = broker.create_channel().await?;
    let writers = Writers::start(&tenant, &ledger, Manner::STEADY);
    for _ in 0..resets {
        tokio::time::sleep(EVERY).await;
        world.nodes_broker.reset().await?;
        world.worker_broker.reset().await?;
    }
    // Nobody is back who was not away.
    #[expect(clippy::cast_precision_loss, reason = "a count of an experiment")]
    let away = async || (lost(world).await - before >= resets as f64).then_some(());
    let ((), noticed) = until("the last reset to be noticed", PATIENCE, away).await?;
    let all_back = async || are_back(&channel, &consuming).await;
    let ((), back) = until("all consumers to be back", PATIENCE, all_back).await?;
    let (back, lost) = (noticed + back, lost(world).await - before);
    writers.stop().await?;
    let audit = ledger.close(&tenant, PATIENCE).await?;
    let now = settled(world).await?;
    broker.close(200, "bye".into()).await?;
    let wrong = now.iter().filter(|consumer| !consumer.is_right()).count();
    let mut bars = audit.bars_without_failures();
    #[expect(clippy::cast_precision_loss, reason = "a few dozen consumers")]
    bars.extend([
        Bar::at_most(
            "seconds until consumers were back",
            back.as_secs_f64(),
            LIMIT.as_secs_f64(),
        ),
        Bar::at_least(
            "consumers that are back",
            now.len() as f64,
            consuming.len() as f64,
        ),
        Bar::at_most("consumers with another prefetch", wrong as f64, 0.0),
        Bar::at_least("connections that the consumers lost", lost, resets as f64),
    ]);
    Ok(Findings {
        bars,
        figures: json!({
            "resets": resets, "consumers": now.len(), "connections_lost": lost, "ledger": audit,
        }),
    })
}

/// A consumer as the broker knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Consumer {
    queue: String,
    prefetch: u64,
}

impl Consumer {
    /// Whether its prefetch is that of its class.
    fn is_right(&self) -> bool {
        let class = self.queue.split('.').next().unwrap_or_default();
        let class = CLASSES.iter().find(|spec| spec.name == class);
        class.is_none_or(|spec| u64::from(spec.prefetch) == self.prefetch)
    }
}

/// The consumers of all queues that have names, once the broker tells the same twice: what it
/// tells here it gathers every few seconds.
async fn settled(world: &World) -> Result<Vec<Consumer>> {
    let mut last = Vec::new();
    for _ in 0..LOOKS {
        let now = consumers(world).await?;
        if !now.is_empty() && now == last {
            return Ok(now);
        }
        last = now;
        tokio::time::sleep(GATHERING).await;
    }
    bail!("the broker does not say who consumes")
}

async fn consumers(world: &World) -> Result<Vec<Consumer>> {
    let vhost = Url::parse(&world.broker_url)?;
    let vhost = vhost.path().trim_start_matches('/').to_owned();
    let mut api = Url::parse(&services().amqp_api_url)?;
    api.set_path(&format!("/api/consumers/{vhost}"));
    let answer = builder().build()?.get(api).send().await?;
    let all: Vec<Value> = answer.error_for_status()?.json().await?;
    let one = |consumer: &Value| {
        let queue = consumer.pointer("/queue/name").and_then(Value::as_str);
        let prefetch = consumer.pointer("/prefetch_count").and_then(Value::as_u64);
        Ok(Consumer {
            queue: queue.context("a consumer has a queue")?.to_owned(),
            prefetch: prefetch.context("a consumer has a prefetch")?,
        })
    };
    let mut all: Vec<Consumer> = all.iter().map(one).collect::<Result<_>>()?;
    all.retain(|consumer| !consumer.queue.starts_with("amq."));
    all.sort();
    Ok(all)
}

/// Whether each of these queues has all its consumers; this the broker tells at once.
async fn are_back(channel: &Channel, consumers: &[Consumer]) -> Option<()> {
    let options = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    for same in consumers.chunk_by(|one, next| one.queue == next.queue) {
        let queue = same.first()?.queue.as_str().into();
        let declared = channel.queue_declare(queue, options, FieldTable::default());
        let there = usize::try_from(declared.await.ok()?.consumer_count()).ok()?;
        if there < same.len() {
            return None;
        }
    }
    Some(())
}
