//! One tenant floods its outbox; another goes on as always. Schedules are recomputed by nobody yet:
//! a handler that does nothing stands in.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use broker::{
    Class, ConsumerOptions, Handler, Incoming, Link, LinkOptions, Publisher, Topology, Verdict,
    consume,
};
use chrono::Utc;
use serde_json::json;
use sqlx::MySqlPool;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Findings, Form, events,
    tenant::Tenant,
    world::{World, until},
};
use crate::report::Bar;

/// What the other tenant may wait, in seconds.
const SCHEDULE: f64 = 2.0;
const ACTIVITY: f64 = 5.0;
const PATIENCE: Duration = Duration::from_secs(900);
const BETWEEN: Duration = Duration::from_millis(100);
const LEFT: &str = "SELECT COUNT(*) FROM outbox WHERE done_at IS NULL";

pub async fn run(world: &mut World, form: Form) -> Result<Findings> {
    let flood = form.pick(5_000, 50_000) as u64;
    let (one, other) = neighbours(world).await?;
    let stand_in = StandIn::start(world, &[&one, &other])?;
    for class in ["activity", "schedule"] {
        events::add(&one, class, flood, 0).await?;
    }
    one.make_task("flood").await?.expect(201)?;
    let (started, mut numbers) = (Instant::now(), Vec::new());
    let mut ticks = tokio::time::interval(BETWEEN);
    // As long as the flood lasts, and a little over what a percentile needs.
    while numbers.len() < 200 || one.count(LEFT).await? > 0 {
        ticks.tick().await;
        for class in ["activity", "schedule"] {
            numbers.push(events::add(&other, class, 1, 0).await?);
        }
        let name = format!("b-{}", numbers.len());
        other.make_task(&name).await?.expect(201)?;
        anyhow::ensure!(started.elapsed() < PATIENCE, "the flood does not end");
    }
    let done = async || (other.count(LEFT).await.ok()? == 0).then_some(());
    until("the other tenant's events to be done", PATIENCE, done).await?;
    stand_in.stop().await?;
    let dwell = async |tenant: &Tenant, class| events::dwell(tenant, class, &numbers).await;
    let (schedule, activity) = (
        dwell(&other, "schedule").await?,
        dwell(&other, "activity").await?,
    );
    let bars = vec![
        Bar::at_most(
            "p99 dwell in schedule, s",
            events::p99_seconds(&schedule),
            SCHEDULE,
        ),
        Bar::at_most(
            "p99 dwell in activity, s",
            events::p99_seconds(&activity),
            ACTIVITY,
        ),
    ];
    Ok(Findings {
        bars,
        figures: json!({
            "flood_per_class": flood, "others_in_schedule": schedule.len(),
            "others_in_activity": activity.len(),
        }),
    })
}

/// Two tenants whose events are in the same queue of each class: those of others would not meet.
async fn neighbours(world: &mut World) -> Result<(Arc<Tenant>, Arc<Tenant>)> {
    let queues = |tenant: &Tenant| {
        [Class::Activity, Class::Schedule].map(|class| class.shard(tenant.id.into()))
    };
    let mut there: Vec<Arc<Tenant>> = Vec::new();
    loop {
        let one = Tenant::new(world).await?;
        let same = there.iter().position(|other| queues(other) == queues(&one));
        if let Some(place) = same {
            return Ok((one, there.swap_remove(place)));
        }
        there.push(one);
    }
}

/// Consumers of the class whose worker is not there yet.
struct StandIn {
    stop: CancellationToken,
    consumers: JoinSet<()>,
    link: Link,
}

impl StandIn {
    fn start(world: &World, tenants: &[&Arc<Tenant>]) -> Result<Self> {
        let link = Link::start(LinkOptions {
            url: world.broker_url.clone(),
            name: "stand-in",
            heartbeat: Duration::from_secs(10),
            topology: Topology::new(""),
        })?;
        let databases = tenants.iter().map(|t| (t.id, t.database.clone())).collect();
        let handler = Arc::new(NoOperation(databases));
        let (stop, mut consumers) = (CancellationToken::new(), JoinSet::new());
        for shard in 0..Class::Schedule.spec().shards {
            consumers.spawn(consume(
                link.clone(),
                Publisher::new(link.clone()),
                ConsumerOptions::new(Class::Schedule, shard),
                Arc::clone(&handler),
                stop.clone(),
            ));
        }
        Ok(Self {
            stop,
            consumers,
            link,
        })
    }

    async fn stop(self) -> Result<()> {
        self.stop.cancel();
        self.consumers.join_all().await;
        self.link.close().await;
        Ok(())
    }
}

/// Marks events done, and does nothing else for them.
struct NoOperation(HashMap<Uuid, MySqlPool>);

impl Handler for NoOperation {
    async fn handle(&self, batch: &[Incoming]) -> Vec<Verdict> {
        let mut verdicts = Vec::with_capacity(batch.len());
        for message in batch {
            verdicts.push(match self.done(message).await {
                Ok(()) => Verdict::Done,
                Err(error) => Verdict::Retry(format!("{error:#}")),
            });
        }
        verdicts
    }
}

impl NoOperation {
    async fn done(&self, message: &Incoming) -> Result<()> {
        let envelope = &message.envelope;
        let Some(database) = self.0.get(&envelope.tenant.as_uuid()) else {
            return Ok(());
        };
        let done = "UPDATE outbox SET done_at = ? WHERE class = 'schedule' AND number = ?";
        let done = sqlx::query(done).bind(Utc::now()).bind(envelope.number);
        done.execute(database).await?;
        Ok(())
    }
}
