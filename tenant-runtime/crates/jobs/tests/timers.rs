//! Timers: one leads, each slot is run once, whatever happens to leaders; what is enqueued has its
//! effect. Time stands still here until a test moves it.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod central;
#[expect(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use broker::{Class, Envelope, Handler as _, Incoming, Link, LinkOptions, Verdict};
use central::Central;
use chrono::TimeDelta;
use clock::Clock;
use cp_node_api::NodeApi;
use db::{Placement, PlacementError, Placements, PoolBudget, TenantPools};
use kernel::{TenantContext, TenantId};
use support::{LIMIT, List, Running, Tenant, World, ready};
use testkit::{Proxy, eventually};
use tokio_util::sync::CancellationToken;
use tr_cache::Documents;
use tr_jobs::{
    HousekeepingHandler, Retention, Ring, RingError, RingPage, Schedule, TIMERS, TickSettings,
    TimerSpec, Timers, Todo, tick,
};

/// A timer that enqueues what nobody handles.
const MINUTELY: TimerSpec = TimerSpec {
    name: "minutely",
    schedule: Schedule::Every { minutes: 1 },
    todo: Todo::EachTenant {
        class: Class::Housekeeping,
        kind: "a.test",
        version: 1,
    },
    purpose: "A test.",
};

/// What several leaders share.
struct Scene {
    world: World,
    central: Central,
    clock: Clock,
    queue: String,
    tenants: Vec<TenantContext>,
}

impl Scene {
    async fn new(tenants: usize) -> Self {
        let (world, clock) = (World::new().await, testkit::clock());
        Self {
            central: Central::new(&clock).await,
            queue: world.topology.queue(Class::Housekeeping, 0),
            tenants: (0..tenants)
                .map(|_| TenantContext {
                    tenant: world.clock.new_id(),
                    generation: kernel::Generation(1),
                })
                .collect(),
            world,
            clock,
        }
    }

    /// A process that stands for leader, over this link to the broker.
    async fn start(&self, name: &str, link: &Link) -> Running {
        let ring = List(self.tenants.clone());
        self.start_with(name, link, ring).await
    }

    async fn start_with(&self, name: &str, link: &Link, ring: impl Ring) -> Running {
        let api = self.central.node(name).await;
        start(api, link, ring, &self.clock, &[MINUTELY])
    }

    /// A link that the broker misses soon when it is silent.
    fn link_at(&self, url: &str) -> Link {
        Link::start(LinkOptions {
            url: url.to_owned(),
            name: "test",
            heartbeat: Duration::from_secs(2),
            topology: self.world.topology.clone(),
        })
        .unwrap()
    }

    async fn jobs(&self) -> u32 {
        ready(&self.world, &self.queue).await
    }

    async fn ended(&self, runs: i64) {
        eventually(LIMIT, || async { self.central.runs("done").await == runs }).await;
    }
}

fn start(
    api: NodeApi,
    link: &Link,
    tenants: impl Ring,
    clock: &Clock,
    timers: &[TimerSpec],
) -> Running {
    start_on(None, api, link, tenants, clock, timers)
}

fn start_on(
    cache: Option<Documents>,
    api: NodeApi,
    link: &Link,
    tenants: impl Ring,
    clock: &Clock,
    timers: &[TimerSpec],
) -> Running {
    let stop = CancellationToken::new();
    let timers = Timers {
        link: link.clone(),
        tenants,
        api,
        cache,
        clock: clock.clone(),
        settings: TickSettings {
            ring: "general".to_owned(),
            timers: timers.to_vec(),
            look_every: Duration::from_millis(50),
            // Shorter than the driver takes to find out that a server is silent.
            sweep_within: Duration::from_millis(1),
        },
    };
    Running::new(stop.clone(), tokio::spawn(tick(timers, stop)))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_leaders_over_a_broken_link_run_a_slot_once() {
    let scene = Scene::new(2).await;
    let proxy = Proxy::to(&scene.world.amqp_url).await;
    let cut_off = scene.link_at(&proxy.url(&scene.world.amqp_url));
    let first = scene.start("first", &cut_off).await;
    scene.ended(1).await;
    assert_eq!(scene.jobs().await, 2);
    let link = scene.link_at(&scene.world.amqp_url);
    let second = scene.start("second", &link).await;

    // The first still believes that it leads and takes the slot; its jobs get nowhere.
    proxy.fall_silent();
    scene.clock.advance(TimeDelta::minutes(1));
    eventually(LIMIT, || async { scene.central.runs("running").await == 1 }).await;
    // The broker misses it, and the second goes on with what the first had begun.
    scene.ended(2).await;
    let token = "SELECT CAST(MAX(token) AS SIGNED) FROM timer_runs";
    assert!(scene.central.count(token).await >= 2);
    proxy.open();
    proxy.cut();
    scene.clock.advance(TimeDelta::minutes(1));
    scene.ended(3).await;
    assert_eq!(scene.jobs().await, 6);
    assert_eq!(scene.central.runs("running").await, 0);
    first.stop().await;
    second.stop().await;
}

/// Tenants of which the second page never comes.
struct Stuck(List, Arc<AtomicBool>);

impl Ring for Stuck {
    async fn page(&self, after: Option<TenantId>) -> Result<RingPage, RingError> {
        if after.is_some() {
            self.1.store(true, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        self.0.page(after).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_leader_had_begun_is_gone_on_with_where_it_was() {
    let scene = Scene::new(3).await;
    let link = scene.link_at(&scene.world.amqp_url);
    let reached = Arc::new(AtomicBool::new(false));
    let stuck = Stuck(List(scene.tenants.clone()), Arc::clone(&reached));
    let first = scene.start_with("first", &link, stuck).await;
    eventually(LIMIT, || async { reached.load(Ordering::SeqCst) }).await;
    first.stop().await;
    link.close().await;
    assert_eq!(
        (scene.jobs().await, scene.central.runs("running").await),
        (1, 1)
    );

    let link = scene.link_at(&scene.world.amqp_url);
    let again = scene.start("again", &link).await;
    scene.ended(1).await;
    assert_eq!(scene.jobs().await, 3);
    let jobs = "SELECT CAST(jobs AS SIGNED) FROM timer_runs";
    assert_eq!(scene.central.count(jobs).await, 3);
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_that_nobody_led_through_are_made_up_for_once() {
    let scene = Scene::new(1).await;
    let link = scene.link_at(&scene.world.amqp_url);
    let before = scene.start("before", &link).await;
    scene.ended(1).await;
    before.stop().await;
    scene.clock.advance(TimeDelta::minutes(90));
    let after = scene.start("after", &link).await;
    scene.ended(2).await;
    scene.clock.advance(TimeDelta::seconds(59));
    let last = "SELECT COUNT(*) FROM timer_leaders l JOIN timer_runs r ON r.token = l.token \
         WHERE l.seen_at > r.begun_at";
    // It has looked since, and found nothing to do.
    eventually(LIMIT, || async { scene.central.count(last).await == 1 }).await;
    assert_eq!(scene.central.runs("done").await, 2);
    scene.clock.advance(TimeDelta::seconds(1));
    scene.ended(3).await;
    assert_eq!(scene.jobs().await, 3);
    after.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_staff_ask_for_is_run_once() {
    let scene = Scene::new(2).await;
    let link = scene.link_at(&scene.world.amqp_url);
    let leader = scene.start("leader", &link).await;
    scene.ended(1).await;
    scene.central.ask("minutely").await;
    scene.ended(2).await;
    // One that this release has not is told of.
    scene.central.ask("another").await;
    eventually(LIMIT, || async { scene.central.runs("failed").await == 1 }).await;
    scene.clock.advance(TimeDelta::minutes(1));
    scene.ended(3).await;
    assert_eq!(scene.jobs().await, 6);
    leader.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_document_server_fails_its_timer_and_stops_no_other() {
    let Some(url) = &testkit::services().mongodb_url else {
        return;
    };
    let name = uuid::Uuid::new_v4().simple();
    let url = format!("{}/documents_{name}", url.trim_end_matches('/'));
    let (scene, proxy) = (Scene::new(1).await, Proxy::to(&url).await);
    let documents = Documents::open(&proxy.url(&url)).await.unwrap();
    eventually(LIMIT, || async {
        documents.clean(scene.clock.now()).await.is_ok()
    })
    .await;
    proxy.fall_silent();
    let sweep = TimerSpec {
        name: "a-sweep",
        todo: Todo::SweepCache,
        ..MINUTELY
    };
    let link = scene.link_at(&scene.world.amqp_url);
    let api = scene.central.node("leader").await;
    let ring = List(scene.tenants.clone());
    let timers = [sweep, MINUTELY];
    let leader = start_on(Some(documents), api, &link, ring, &scene.clock, &timers);
    scene.ended(1).await;
    scene.clock.advance(TimeDelta::minutes(1));
    scene.ended(2).await;
    let late = "SELECT COUNT(*) FROM timer_runs WHERE state = 'failed' AND error LIKE '%in time%'";
    assert_eq!(scene.central.count(late).await, 2);
    leader.stop().await;
}

async fn fill(tenant: &Tenant) {
    tenant.commit(6).await;
    let done = "UPDATE outbox SET done_at = UTC_TIMESTAMP(6) - INTERVAL";
    tenant
        .run(&format!("{done} 8 DAY WHERE number IN (1, 2)"))
        .await;
    tenant.run(&format!("{done} 6 DAY WHERE number = 3")).await;
    let old = "UPDATE outbox SET occurred_at = occurred_at - INTERVAL 30 DAY WHERE number = 4";
    tenant.run(old).await;
    let before = "UPDATE outbox SET occurred_at = UTC_DATE() - INTERVAL 1 HOUR WHERE number = 5";
    tenant.run(before).await;
    for (key, hours) in [(1, 25), (2, 23)] {
        let insert = format!(
            "INSERT INTO idempotency_keys (scope, body_hash, status, body, created_at) VALUES \
             (REPEAT(CHAR({key}), 32), REPEAT('h', 32), 201, '', \
              UTC_TIMESTAMP(6) - INTERVAL {hours} HOUR)"
        );
        tenant.run(&insert).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_its_time_is_deleted_and_what_was_used_is_counted() {
    let world = World::new().await;
    let central = Central::new(&world.clock).await;
    let tenants = [&world.tenant().await, &world.tenant().await];
    for tenant in tenants {
        fill(tenant).await;
        central.tenant(tenant.context).await;
    }
    let (link, api) = (world.link(), central.node("node").await);
    let handler = HousekeepingHandler::new(
        world.pools.clone(),
        api.clone(),
        world.clock.clone(),
        Retention::default(),
    );
    let consumers = world.consumers(&link, Class::Housekeeping, &Arc::new(handler));
    let timer = start(api.clone(), &link, api, &world.clock, &TIMERS);
    for tenant in tenants {
        let events = "SELECT COUNT(*) FROM outbox";
        eventually(LIMIT, || async { tenant.count(events).await == 4 }).await;
        let keys = "SELECT COUNT(*) FROM idempotency_keys";
        eventually(LIMIT, || async { tenant.count(keys).await == 1 }).await;
        let first = "SELECT CAST(MIN(number) AS SIGNED) FROM outbox";
        assert_eq!(tenant.count(first).await, 3);
    }
    // Of yesterday there is one event. Asked for again, the day is counted again, not added.
    let counted = "SELECT COUNT(*) FROM tenant_usage WHERE day = UTC_DATE() - INTERVAL 1 DAY \
         AND events = 1 AND members = 0 AND items = 0 AND storage_bytes > 100000 \
         AND collected_at > (SELECT MAX(slot) FROM timer_runs WHERE asked)";
    for _ in 0..2 {
        central.ask("usage").await;
        eventually(LIMIT, || async { central.count(counted).await == 2 }).await;
    }
    assert_eq!(central.runs("failed").await, 0);
    timer.stop().await;
    consumers.stop().await;
}

/// Tenants are on a server that is away.
struct Away;

#[db::async_trait]
impl Placements for Away {
    async fn placement(&self, tenant: TenantId) -> Result<Arc<Placement>, PlacementError> {
        Ok(Arc::new(Placement {
            tenant: TenantContext {
                tenant,
                generation: kernel::Generation(1),
            },
            host: "127.0.0.1".to_owned(),
            port: 9,
            database: "nowhere".to_owned(),
            user: "nobody".to_owned(),
            password: String::new().into(),
        }))
    }
}

/// A job as the broker brings it.
fn job(clock: &Clock, tenant: TenantContext, kind: &str) -> Incoming {
    Incoming {
        envelope: Envelope {
            id: clock.new_id(),
            number: 0,
            tenant: tenant.tenant,
            generation: tenant.generation,
            kind: kind.to_owned(),
            version: 1,
            occurred_at: clock.now(),
            traceparent: None,
        },
        attempt: 1,
        redelivered: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_of_a_silent_server_hold_up_no_other_tenant() {
    let world = World::new().await;
    let good = world.tenant().await;
    fill(&good).await;
    let proxy = Proxy::to(good.db.url()).await;
    let generation = kernel::Generation(1);
    let silent = world.tenant_at(generation, Some(&proxy)).await;
    world.pools.get(&silent.context).await.unwrap();
    proxy.fall_silent();
    let api = NodeApi::new("http://127.0.0.1:9", "nobody".to_owned().into()).unwrap();
    let (pools, clock) = (world.pools.clone(), world.clock.clone());
    let handler = HousekeepingHandler::new(pools, api, clock, Retention::default());
    // One after another they would take longer than the test waits.
    let mut batch = vec![job(&world.clock, silent.context, "tenant.purge"); 40];
    batch.push(job(&world.clock, good.context, "tenant.purge"));
    let handling = testkit::within(LIMIT, handler.handle(&batch)).await;
    let verdicts = handling.unwrap();
    let done = |verdict: &&Verdict| **verdict == Verdict::Done;
    assert_eq!(verdicts.iter().filter(done).count(), 1, "{verdicts:?}");
    assert_eq!(verdicts.last(), Some(&Verdict::Done));
    assert_eq!(good.count("SELECT COUNT(*) FROM outbox").await, 4);
    // However long a server keeps silent, a job ends.
    let handler = handler.within(Duration::from_millis(10));
    let verdict = handler.handle(&batch[..1]).await.remove(0);
    assert!(matches!(verdict, Verdict::Retry(reason) if reason.contains("too long")));
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_is_counted_also_when_the_tenant_has_moved_since_it_was_asked_for() {
    let world = World::new().await;
    let central = Central::new(&world.clock).await;
    let tenant = world.tenant_at(kernel::Generation(2), None).await;
    central.tenant(tenant.context).await;
    let (pools, clock) = (world.pools.clone(), world.clock.clone());
    let api = central.node("node").await;
    let handler = HousekeepingHandler::new(pools, api, clock, Retention::default());
    let before = TenantContext {
        generation: kernel::Generation(1),
        ..tenant.context
    };
    let asked = job(&world.clock, before, "tenant.count_usage");
    assert_eq!(handler.handle(&[asked]).await, [Verdict::Done]);
    let counted = "SELECT COUNT(*) FROM tenant_usage";
    assert_eq!(central.count(counted).await, 1);
}

#[tokio::test]
async fn what_the_next_hour_purges_is_no_dead_letter_when_its_server_is_away() {
    let clock = testkit::clock();
    let handler = HousekeepingHandler::new(
        TenantPools::new(PoolBudget::default(), Arc::new(Away)),
        NodeApi::new("http://127.0.0.1:9", "nobody".to_owned().into()).unwrap(),
        clock.clone(),
        Retention::default(),
    );
    let verdict = async |kind: &str, attempt: u32| {
        let tenant = TenantContext {
            tenant: clock.new_id(),
            generation: kernel::Generation(1),
        };
        let message = Incoming {
            attempt,
            ..job(&clock, tenant, kind)
        };
        handler.handle(&[message]).await.remove(0)
    };
    let last = Class::Housekeeping.spec().attempts;
    assert!(matches!(
        verdict("tenant.purge", last - 1).await,
        Verdict::Retry(_)
    ));
    assert_eq!(verdict("tenant.purge", last).await, Verdict::Done);
    // A day's usage is counted by no other job.
    assert!(matches!(
        verdict("tenant.count_usage", last).await,
        Verdict::Retry(_)
    ));
}
