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
    Findings, Form,
    events::{self, Numbers},
    tenant::Tenant,
    world::{World, until},
};
use crate::report::Bar;

/// What the other tenant may wait, in seconds.
const SCHEDULE: f64 = 2.0;
const ACTIVITY: f64 = 5.0;
const PATIENCE: Duration = Duration::from_secs(900);
const BETWEEN: Duration = Duration::from_millis(100);
/// What a percentile needs.
const ENOUGH: usize = 200;
const LEFT: &str = "SELECT COUNT(*) FROM outbox WHERE done_at IS NULL";
const ACTIVITY_LEFT: &str =
    "SELECT COUNT(*) FROM outbox WHERE done_at IS NULL AND class = 'activity'";
const SCHEDULE_LEFT: &str =
    "SELECT COUNT(*) FROM outbox WHERE done_at IS NULL AND class = 'schedule'";

pub async fn run(world: &mut World, form: Form) -> Result<Findings> {
    let size = form.pick(5_000, 50_000) as u64;
    let (one, other) = neighbours(world).await?;
    let stand_in = StandIn::start(world, &[&one, &other])?;
    let mut floods = [
        Flood::new("activity", ACTIVITY_LEFT),
        Flood::new("schedule", SCHEDULE_LEFT),
    ];
    let (started, mut ticks) = (Instant::now(), tokio::time::interval(BETWEEN));
    for tick in 0.. {
        ticks.tick().await;
        anyhow::ensure!(started.elapsed() < PATIENCE, "the flood does not end");
        let mut over = true;
        for flood in &mut floods {
            over &= flood.go_on(&one, &other, size, tick).await?;
        }
        if over {
            break;
        }
        other.make_task(&format!("b-{tick}")).await?.expect(201)?;
    }
    let done = async || (other.count(LEFT).await.ok()? == 0).then_some(());
    until("the other tenant's events to be done", PATIENCE, done).await?;
    stand_in.stop().await?;
    let [activity, schedule] = &floods;
    let bars = vec![
        schedule
            .bar(&other, "p99 dwell in schedule, s", SCHEDULE)
            .await?,
        activity
            .bar(&other, "p99 dwell in activity, s", ACTIVITY)
            .await?,
    ];
    Ok(Findings {
        bars,
        figures: json!({
            "flood_in_schedule": schedule.poured, "flood_in_activity": activity.poured,
            "others_in_schedule": schedule.numbers.len(),
            "others_in_activity": activity.numbers.len(),
        }),
    })
}

/// One tenant's flood in a class, and what another one did in that class meanwhile.
struct Flood {
    class: &'static str,
    left: &'static str,
    poured: u64,
    numbers: Vec<Numbers>,
}

impl Flood {
    const fn new(class: &'static str, left: &'static str) -> Self {
        Self {
            class,
            left,
            poured: 0,
            numbers: Vec::new(),
        }
    }

    /// Has the other tenant do something while the flood lasts, and the flood last until a
    /// percentile can be told; whether it is over.
    async fn go_on(&mut self, one: &Tenant, other: &Tenant, size: u64, tick: u32) -> Result<bool> {
        if self.poured == 0 || one.count(self.left).await? == 0 {
            if self.numbers.len() >= ENOUGH {
                return Ok(true);
            }
            events::add(one, self.class, size, 0).await?;
            self.poured += size;
            let name = format!("{}-{tick}", self.class);
            one.make_task(&name).await?.expect(201)?;
        }
        let number = events::add(other, self.class, 1, 0).await?;
        self.numbers.push(number);
        Ok(false)
    }

    /// What the other tenant waited.
    async fn bar(&self, other: &Tenant, name: &'static str, limit: f64) -> Result<Bar> {
        let dwell = events::dwell(other, self.class, &self.numbers).await?;
        Ok(Bar::at_most(name, events::p99_seconds(&dwell), limit))
    }
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
