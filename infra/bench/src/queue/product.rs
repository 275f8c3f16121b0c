//! The product's way: a transaction writes events into a tenant's outbox and nudges the relay,
//! which publishes them; the consumers of the class give them their effect.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use broker::{
    Class, ConsumerOptions, Handler, Incoming, Link, LinkOptions, Publisher, Topology, Verdict,
    consume,
};
use chrono::{DateTime, Utc};
use kernel::{EventId, MemberId, WorkItemId};
use sea_orm::TransactionTrait as _;
use serde_json::json;
use testkit::TestVhost;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tr_domain::event::{Event, EventKind, EventPayload, FieldChange, ObjectType};
use tr_jobs::{ActiveTenants, Nudge, Relay, RelaySettings, Workplace};
use tr_store::outbox::{self, Entry};
use uuid::Uuid;

use super::classes::{Measured, Works};
use crate::tenancy::{Tenancy, Tenant};

/// Tenants to each queue.
const TENANTS_PER_QUEUE: usize = 2;
/// Events of one transaction when a backlog is written.
const PER_TRANSACTION: usize = 400;
/// How long an effect may take to come.
const PATIENCE: Duration = Duration::from_secs(120);

/// A relay, consumers, and tenants with events.
pub struct Product {
    pub class: Class,
    pub tenants: Vec<Tenant>,
    measured: Measured,
    nudge: Nudge,
    effects: tokio::sync::Mutex<Effects>,
    stop: CancellationToken,
    _running: JoinSet<()>,
    _tenancy: Tenancy,
    _vhost: TestVhost,
}

impl Drop for Product {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Product {
    /// Starts what the class needs.
    pub async fn start(measured: Measured) -> Result<Self> {
        let (vhost, tenancy, class) = (
            testkit::amqp_vhost().await,
            Tenancy::new(),
            measured.class(),
        );
        let (outward, inward) = (link(vhost.url())?, link(vhost.url())?);
        inward.connected().await?;
        outward.connected().await?;
        let publisher = Publisher::new(outward);
        let (pools, clock) = (tenancy.pools.clone(), clock::Clock::system());
        let settings = RelaySettings::default();
        let relay = Relay::new(pools.clone(), publisher.clone(), clock.clone(), settings);
        let (stop, mut running) = (CancellationToken::new(), JoinSet::new());
        let (tell, effects) = mpsc::unbounded_channel();
        let nudge = relay.nudge();
        let place = Workplace {
            pools,
            clock,
            active: ActiveTenants::default(),
            nudge: nudge.clone(),
        };
        let handler = Arc::new(Told {
            handler: measured.handler(&place),
            tell,
        });
        for shard in 0..class.spec().shards {
            running.spawn(consume(
                inward.clone(),
                publisher.clone(),
                ConsumerOptions::new(class, shard),
                Arc::clone(&handler),
                stop.clone(),
            ));
        }
        running.spawn(relay.run(stop.clone()));
        let tenants = tenants(&tenancy, class).await;
        Ok(Self {
            class,
            tenants,
            measured,
            nudge,
            effects: Effects {
                told: effects,
                seen: HashSet::new(),
                repeated: 0,
            }
            .into(),
            stop,
            _running: running,
            _tenancy: tenancy,
            _vhost: vhost,
        })
    }

    /// Writes a backlog, then lets the relay at it; effects a second.
    pub async fn backlog(&self, events: usize) -> Result<f64> {
        let each = events / self.tenants.len();
        for tenant in &self.tenants {
            for _ in 0..each.div_ceil(PER_TRANSACTION) {
                self.commit(tenant, PER_TRANSACTION.min(each)).await?;
            }
        }
        let committed = each.div_ceil(PER_TRANSACTION) * PER_TRANSACTION.min(each);
        let committed = committed * self.tenants.len();
        let started = Instant::now();
        for tenant in &self.tenants {
            self.nudge.nudge(tenant.context);
        }
        self.effects(committed).await?;
        #[expect(clippy::cast_precision_loss, reason = "a number of events")]
        let per_second = committed as f64 / started.elapsed().as_secs_f64();
        Ok(per_second)
    }

    /// Commits events one by one at a rate; how long each took, in microseconds.
    pub async fn at_a_rate(&self, per_second: f64, events: usize) -> Result<Vec<u64>> {
        let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / per_second));
        let commits = async {
            for tenant in self.tenants.iter().cycle().take(events) {
                ticks.tick().await;
                self.commit(tenant, 1).await?;
                self.nudge.nudge(tenant.context);
            }
            Ok::<_, anyhow::Error>(())
        };
        let (committed, taken) = tokio::join!(commits, self.effects(events));
        committed?;
        taken
    }

    async fn commit(&self, tenant: &Tenant, events: usize) -> Result<()> {
        let tx = tenant.database.conn().begin().await?;
        let classes = self.measured.outbox();
        let entries = (0..events).map(|number| entry(number, classes)).collect();
        outbox::append(&tx, entries, Utc::now(), None).await?;
        Ok(tx.commit().await?)
    }

    /// Waits for so many effects; how long each took.
    async fn effects(&self, count: usize) -> Result<Vec<u64>> {
        let mut effects = self.effects.lock().await;
        let mut taken = Vec::with_capacity(count);
        while taken.len() < count {
            let next = tokio::time::timeout(PATIENCE, effects.told.recv()).await;
            let done = next
                .with_context(|| format!("{} of {count} effects came", taken.len()))?
                .context("the handler is gone")?;
            if !effects.seen.insert(done.event) {
                effects.repeated += 1;
                continue;
            }
            let took = (done.at - done.occurred_at).num_microseconds();
            taken.push(u64::try_from(took.unwrap_or(0))?);
        }
        Ok(taken)
    }

    /// How many messages came again for what had its effect already.
    pub async fn repeated(&self) -> usize {
        self.effects.lock().await.repeated
    }
}

/// What the handler has told of.
struct Effects {
    told: mpsc::UnboundedReceiver<Effected>,
    seen: HashSet<EventId>,
    repeated: usize,
}

/// An event that has had its effect.
struct Effected {
    event: EventId,
    occurred_at: DateTime<Utc>,
    at: DateTime<Utc>,
}

/// Tells of each message whose event has had its effect.
struct Told {
    handler: Works,
    tell: mpsc::UnboundedSender<Effected>,
}

impl Handler for Told {
    async fn handle(&self, batch: &[Incoming]) -> Vec<Verdict> {
        let verdicts = self.handler.handle(batch).await;
        let at = Utc::now();
        for (message, verdict) in batch.iter().zip(&verdicts) {
            if *verdict == Verdict::Done {
                let (event, occurred_at) = (message.envelope.id, message.envelope.occurred_at);
                // Nobody waits for it any more when the benchmark is over.
                let _ = self.tell.send(Effected {
                    event,
                    occurred_at,
                    at,
                });
            }
        }
        verdicts
    }
}

/// As many tenants on each queue: who is on which is decided by their ids.
async fn tenants(tenancy: &Tenancy, class: Class) -> Vec<Tenant> {
    let mut tenants = Vec::new();
    for shard in 0..class.spec().shards {
        let mut found = 0;
        while found < TENANTS_PER_QUEUE {
            let id = Uuid::now_v7();
            if class.shard(id.into()) == shard {
                tenants.push(tenancy.tenant(id).await);
                found += 1;
            }
        }
    }
    tenants
}

/// A connection to the virtual host, with everything declared.
pub fn link(url: &str) -> Result<Link> {
    Ok(Link::start(LinkOptions {
        url: url.to_owned(),
        name: "bench",
        heartbeat: Duration::from_secs(10),
        topology: Topology::new(""),
    })?)
}

/// A task renamed: most events change one field.
fn entry(number: usize, classes: &'static [&'static str]) -> Entry {
    let id = Uuid::now_v7();
    let event = Event {
        kind: EventKind::WorkItemChanged,
        object: ObjectType::WorkItem,
        object_id: id,
        grid_id: Some(WorkItemId::from_uuid(id)),
        folder_id: None,
        parent_id: None,
        changes: vec![FieldChange::of(
            "name",
            json!("Check bay"),
            json!(format!("Check bay {number}")),
        )],
    };
    let actor = MemberId::from_uuid(Uuid::now_v7());
    Entry {
        id: Uuid::now_v7(),
        kind: event.kind,
        payload: EventPayload::new(event, actor, id.simple().to_string()),
        classes,
    }
}
