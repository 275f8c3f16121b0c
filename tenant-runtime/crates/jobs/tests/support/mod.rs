//! Tenants with databases of their own, a virtual host of the broker, and what runs on them.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use broker::{
    Class, ConsumerOptions, Envelope, Handler, Incoming, Link, LinkOptions, Publisher, Topology,
    Verdict, consume,
};
use clock::Clock;
use db::{Placement, PlacementError, Placements, PoolBudget, TenantPools};
use kernel::{EventId, Generation, MemberId, TenantContext, TenantId, WorkItemId};
use sea_orm::{ConnectionTrait, DatabaseConnection, TransactionTrait};
use serde_json::json;
use testkit::{Account, Proxy, TestDb, TestVhost};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tr_domain::event::{Event, EventKind, EventPayload, FieldChange, ObjectType};
use tr_jobs::{
    ActiveTenants, ActivityLog, ClassHandler, Nudge, Relay, RelaySettings, Ring, RingError,
    RingPage, Taps, Workplace,
};
use tr_store::{
    RowId, handling,
    outbox::{self, Entry},
};
use uuid::Uuid;

pub const LIMIT: Duration = Duration::from_secs(30);

/// Where the tenants of a test are.
#[derive(Default)]
pub struct Map(Mutex<HashMap<TenantId, Arc<Placement>>>);

#[db::async_trait]
impl Placements for Map {
    async fn placement(&self, tenant: TenantId) -> Result<Arc<Placement>, PlacementError> {
        self.0
            .lock()
            .unwrap()
            .get(&tenant)
            .cloned()
            .ok_or(PlacementError::Unknown)
    }
}

/// The servers of a test.
pub struct World {
    pub topology: Topology,
    pub pools: TenantPools,
    pub clock: Clock,
    pub active: ActiveTenants,
    pub amqp_url: String,
    map: Arc<Map>,
    _vhost: TestVhost,
}

impl World {
    pub async fn new() -> Self {
        let vhost = testkit::amqp_vhost().await;
        let map = Arc::new(Map::default());
        let budget = PoolBudget {
            per_tenant: 4,
            total: 40,
            ..PoolBudget::default()
        };
        Self {
            topology: Topology::new("").with_delay_millis(50),
            pools: TenantPools::new(budget, map.clone()),
            clock: Clock::system(),
            active: ActiveTenants::default(),
            amqp_url: vhost.url().to_owned(),
            map,
            _vhost: vhost,
        }
    }

    pub async fn tenant(&self) -> Tenant {
        self.tenant_at(Generation(1), None).await
    }

    /// A tenant of this generation, whose server is behind a proxy when there is one.
    pub async fn tenant_at(&self, generation: Generation, proxy: Option<&Proxy>) -> Tenant {
        let context = TenantContext {
            tenant: self.clock.new_id(),
            generation,
        };
        let db = TestDb::tenant(context.tenant, context.generation).await;
        let account: Account = db.runtime_account().await;
        let (host, port) = match proxy.map(|proxy| proxy.url(db.url()).parse::<url::Url>()) {
            Some(url) => {
                let url = url.unwrap();
                (url.host_str().unwrap().to_owned(), url.port().unwrap())
            }
            None => (db.host().to_owned(), db.port()),
        };
        let placement = Placement {
            tenant: context,
            host,
            port,
            database: db.name().to_owned(),
            user: account.user,
            password: account.password.into(),
        };
        self.map
            .0
            .lock()
            .unwrap()
            .insert(context.tenant, Arc::new(placement));
        Tenant {
            context,
            db,
            clock: self.clock.clone(),
        }
    }

    /// A link straight to the broker.
    pub fn link(&self) -> Link {
        self.link_at(&self.amqp_url)
    }

    pub fn link_at(&self, url: &str) -> Link {
        let (topology, heartbeat) = (self.topology.clone(), Duration::from_secs(10));
        Link::start(LinkOptions {
            url: url.to_owned(),
            name: "test",
            heartbeat,
            topology,
        })
        .unwrap()
    }

    /// A relay over a link, running; nothing is paused.
    pub fn relay(&self, link: &Link, settings: RelaySettings) -> RunningRelay {
        self.relay_with(link, settings, Taps::default())
    }

    /// The same with the taps of a worker.
    pub fn relay_with(&self, link: &Link, settings: RelaySettings, taps: Taps) -> RunningRelay {
        let publisher = Publisher::new(link.clone());
        let relay = Relay::new(self.pools.clone(), publisher, self.clock.clone(), settings);
        let relay = relay.mending(taps);
        let stop = CancellationToken::new();
        let task = tokio::spawn(relay.clone().run(stop.clone()));
        RunningRelay {
            nudge: relay.nudge(),
            relay,
            running: Running {
                stop,
                tasks: vec![task],
            },
        }
    }

    pub fn place(&self, nudge: &Nudge) -> Workplace {
        Workplace {
            pools: self.pools.clone(),
            clock: self.clock.clone(),
            active: self.active.clone(),
            nudge: nudge.clone(),
        }
    }

    pub fn handler(&self, nudge: &Nudge) -> ClassHandler<ActivityLog> {
        self.place(nudge).handler(ActivityLog)
    }

    /// Consumers of every queue of a class.
    pub fn consumers<H: Handler>(&self, link: &Link, class: Class, handler: &Arc<H>) -> Running {
        let stop = CancellationToken::new();
        let publisher = Publisher::new(self.link());
        let tasks = (0..class.spec().shards).map(|shard| {
            tokio::spawn(consume(
                link.clone(),
                publisher.clone(),
                ConsumerOptions::new(class, shard),
                Arc::clone(handler),
                stop.clone(),
            ))
        });
        Running {
            tasks: tasks.collect(),
            stop: stop.clone(),
        }
    }
}

/// Tasks that stop when told.
pub struct Running {
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    pub fn new(stop: CancellationToken, task: JoinHandle<()>) -> Self {
        Self {
            stop,
            tasks: vec![task],
        }
    }

    pub async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

pub struct RunningRelay {
    pub relay: Relay,
    pub nudge: Nudge,
    pub running: Running,
}

/// A tenant with a database.
pub struct Tenant {
    pub context: TenantContext,
    pub db: TestDb,
    clock: Clock,
}

impl Tenant {
    /// Commits a transaction with so many events of two changes each.
    pub async fn commit(&self, events: usize) {
        let tx = self.db.conn().begin().await.unwrap();
        let entries = (0..events).map(entry).collect();
        outbox::append(&tx, entries, self.clock.now(), Some(TRACE))
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// A whole number from a statement.
    pub async fn count(&self, sql: &str) -> i64 {
        testkit::number(self.db.conn(), sql).await
    }

    pub async fn run(&self, sql: &str) {
        self.db.conn().execute_unprepared(sql).await.unwrap();
    }

    pub async fn done(&self) -> i64 {
        self.count("SELECT COUNT(*) FROM outbox WHERE done_at IS NOT NULL")
            .await
    }

    pub async fn published(&self) -> i64 {
        self.count("SELECT COUNT(*) FROM outbox WHERE published_at IS NOT NULL")
            .await
    }

    /// Entries of the log, and events that have any.
    pub async fn activity(&self) -> (i64, i64) {
        let entries = self.count("SELECT COUNT(*) FROM activity").await;
        (
            entries,
            self.count("SELECT COUNT(DISTINCT event_number) FROM activity")
                .await,
        )
    }
}

pub const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn entry(number: usize) -> Entry {
    let id = Uuid::now_v7();
    let event = Event {
        kind: EventKind::WorkItemChanged,
        object: ObjectType::WorkItem,
        object_id: id,
        grid_id: Some(WorkItemId::from_uuid(id)),
        folder_id: None,
        parent_id: None,
        changes: vec![
            FieldChange::of("name", json!("before"), json!(format!("after {number}"))),
            FieldChange::of("rag", json!(null), json!("red")),
        ],
    };
    let actor = MemberId::from_uuid(Uuid::now_v7());
    Entry {
        id: Uuid::now_v7(),
        kind: event.kind,
        payload: EventPayload::new(event, actor, "a-request".to_owned()),
        classes: &["activity"],
    }
}

/// The messages of a tenant's first so many events, as a relay makes them that has not heard that
/// they are done.
pub async fn messages(
    conn: &DatabaseConnection,
    tenant: TenantContext,
    class: Class,
    events: u64,
) -> Vec<Envelope> {
    let rows: Vec<RowId> = (1..=events).map(RowId::Event).collect();
    let rows = handling::read(conn, class.name(), &rows).await.unwrap();
    assert_eq!(rows.len() as u64, events);
    let messages = rows.into_iter().zip(1..).map(|(row, number)| Envelope {
        id: EventId::from_uuid(row.id),
        number,
        tenant: tenant.tenant,
        generation: tenant.generation,
        kind: row.kind,
        version: row.version,
        occurred_at: row.occurred_at,
        traceparent: None,
    });
    messages.collect()
}

/// Tenants listed by hand.
pub struct List(pub Vec<TenantContext>);

impl Ring for List {
    async fn page(&self, after: Option<TenantId>) -> Result<RingPage, RingError> {
        // One at a time, to turn pages.
        let place = after.map_or(0, |after| {
            1 + self
                .0
                .iter()
                .position(|tenant| tenant.tenant == after)
                .unwrap()
        });
        let tenants: Vec<_> = self.0.iter().skip(place).take(1).copied().collect();
        let more = place + 1 < self.0.len();
        let next = tenants.last().filter(|_| more).map(|tenant| tenant.tenant);
        Ok(RingPage { tenants, next })
    }
}

/// A handler with something done after each batch.
pub struct After<H, F>(pub H, pub F);

impl<H: Handler, F: Fn() + Send + Sync + 'static> Handler for After<H, F> {
    async fn handle(&self, batch: &[Incoming]) -> Vec<Verdict> {
        let verdicts = self.0.handle(batch).await;
        (self.1)();
        verdicts
    }
}

/// How many messages are ready in a queue.
pub async fn ready(world: &World, queue: &str) -> u32 {
    // Its link has declared it.
    world.link().connected().await.unwrap();
    let properties = lapin::ConnectionProperties::default();
    let connection = lapin::Connection::connect(&world.amqp_url, properties)
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let options = lapin::options::QueueDeclareOptions::durable().passive();
    let table = lapin::types::FieldTable::default();
    channel
        .queue_declare(queue.into(), options, table)
        .await
        .unwrap()
        .message_count()
}

/// Takes everything out of a class's queues.
pub async fn purge(world: &World, class: Class) {
    let properties = lapin::ConnectionProperties::default();
    let connection = lapin::Connection::connect(&world.amqp_url, properties)
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    for shard in 0..class.spec().shards {
        let queue = world.topology.queue(class, shard);
        channel
            .queue_purge(queue.into(), lapin::options::QueuePurgeOptions::default())
            .await
            .unwrap();
    }
}
