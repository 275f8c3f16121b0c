//! From a poisoned message to the staff's table, and from there to its effect; and a class that is
//! paused over restarts. The control plane's side is its own node API.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

#[expect(dead_code, reason = "each test file uses a part of it")]
mod central;
#[expect(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use broker::{
    Class, ConsumerOptions, Envelope, Publisher, consume, take_dead, topology::UNROUTABLE,
};
use central::Central;
use cp_store::{
    DeadLetter, DeadLetterFilter, DeadLetterStore, LetterFate, QueuePauseStore, QueueReportStore,
};
use kernel::{EventId, Generation, Limit};
use lapin::{
    BasicProperties,
    options::BasicPublishOptions,
    types::{AMQPValue, FieldTable},
};
use support::{LIMIT, RunningRelay, Tenant, World, ready};
use testkit::{Proxy, eventually};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tr_jobs::{DeadLetterKeeper, Redriver, RelaySettings, Reporter, Taps, count_backlogs};
use uuid::Uuid;

/// A worker with everything that it has: consumers of the activity log, and what reports.
struct Worker {
    relay: RunningRelay,
    taps: Taps,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Worker {
    fn start(world: &World, api: &cp_node_api::NodeApi) -> Self {
        let (link, stop) = (world.link(), CancellationToken::new());
        let (taps, mut tasks) = (Taps::closed(), JoinSet::new());
        let relay = world.relay_with(&link, RelaySettings::default(), taps.clone());
        let publisher = Publisher::new(world.link());
        let handler = Arc::new(world.handler(&relay.nudge));
        for shard in 0..Class::Activity.spec().shards {
            let options = ConsumerOptions {
                tap: taps.of(Class::Activity),
                ..ConsumerOptions::new(Class::Activity, shard)
            };
            let (link, publisher) = (link.clone(), publisher.clone());
            let handler = Arc::clone(&handler);
            tasks.spawn(consume(link, publisher, options, handler, stop.clone()));
        }
        let clock = world.clock.clone();
        let (pools, nudge) = (world.pools.clone(), relay.nudge.clone());
        let keeper = DeadLetterKeeper::new(api.clone(), pools, clock.clone(), nudge);
        for (class, queue) in world.topology.dead_queues() {
            if [Class::Activity.name(), UNROUTABLE].contains(&class) {
                let (link, keeper) = (link.clone(), keeper.clone());
                tasks.spawn(take_dead(link, class, queue, keeper, stop.clone()));
            }
        }
        let backlog = relay.relay.backlog();
        let pools = world.pools.clone();
        tasks.spawn(count_backlogs(backlog.clone(), pools, clock, stop.clone()));
        let reporter = Reporter {
            api: api.clone(),
            link,
            taps: taps.clone(),
            backlog,
            redriver: Redriver::new(world.pools.clone(), publisher, relay.nudge.clone()),
        };
        tasks.spawn(reporter.run(stop.clone()));
        Self {
            relay,
            taps,
            stop,
            tasks,
        }
    }

    /// Something happens in a tenant, and the relay hears of it.
    async fn commit(&self, tenant: &Tenant, events: usize) {
        tenant.commit(events).await;
        self.relay.nudge.nudge(tenant.context);
    }

    async fn stop(self) {
        self.stop.cancel();
        self.tasks.join_all().await;
        self.relay.running.stop().await;
    }
}

async fn letters(central: &Central) -> Vec<DeadLetter> {
    let filter = DeadLetterFilter::default();
    let conn = central.nodes.db.conn();
    DeadLetterStore::list(conn, &filter, None, Limit::default())
        .await
        .unwrap()
}

async fn redrive(central: &Central, letter: &DeadLetter) {
    let tx = central.nodes.db.begin().await.unwrap();
    let now = central.nodes.clock.now();
    assert!(
        DeadLetterStore::decide(&tx, LetterFate::Redrive, letter.id, None, now)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
}

/// Publishes something by hand.
async fn publish(world: &World, queue: String, body: &[u8]) {
    let exchange = world.topology.work_exchange();
    publish_as(world, (&exchange, &queue), body, BasicProperties::default()).await;
}

async fn publish_as(
    world: &World,
    (exchange, key): (&str, &str),
    body: &[u8],
    named: BasicProperties,
) {
    world.link().connected().await.unwrap();
    let properties = lapin::ConnectionProperties::default();
    let connection = lapin::Connection::connect(&world.amqp_url, properties)
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let sent = channel.basic_publish(
        exchange.into(),
        key.into(),
        BasicPublishOptions::default(),
        body,
        named,
    );
    sent.await.unwrap();
    channel.close(200, "sent".into()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_message_reaches_the_table_and_takes_effect_once_it_is_sent_again() {
    let world = World::new().await;
    let central = Central::new(&world.clock).await;
    let (tenant, api) = (world.tenant().await, central.node("work-1").await);
    let worker = Worker::start(&world, &api);
    tenant.commit(3).await;
    tenant
        .run("CREATE TABLE kept AS SELECT number, payload FROM outbox WHERE number = 2")
        .await;
    tenant
        .run("UPDATE outbox SET payload = '{\"poison\": true}' WHERE number = 2")
        .await;
    worker.relay.nudge.nudge(tenant.context);
    eventually(LIMIT, || async { letters(&central).await.len() == 1 }).await;
    let letter = letters(&central).await.remove(0);
    assert_eq!(letter.tenant_id, Some(tenant.context.tenant.as_uuid()));
    assert_eq!((letter.class.as_str(), letter.attempts), ("activity", 1));
    assert_eq!(
        (letter.state.as_str(), letter.event_number),
        ("dead", Some(2))
    );
    assert!(letter.error.contains("payload"), "{}", letter.error);
    assert_eq!(letter.traceparent.as_deref(), Some(support::TRACE));
    eventually(LIMIT, || async { tenant.done().await == 2 }).await;
    let dead = "SELECT COUNT(*) FROM outbox WHERE dead_at IS NOT NULL";
    assert_eq!(tenant.count(dead).await, 1);

    // Sent again before the bug is fixed, it dies again; as another letter.
    redrive(&central, &letter).await;
    eventually(LIMIT, || async { letters(&central).await.len() == 2 }).await;
    let again = letters(&central).await.remove(0);
    assert_eq!(again.state, "dead");
    eventually(LIMIT, || async {
        letters(&central).await[1].state == "redriven"
    })
    .await;

    tenant
        .run("UPDATE outbox o JOIN kept k USING (number) SET o.payload = k.payload")
        .await;
    redrive(&central, &again).await;
    eventually(LIMIT, || async { tenant.done().await == 3 }).await;
    assert_eq!(tenant.activity().await, (6, 3));
    assert_eq!(tenant.count(dead).await, 0);
    eventually(LIMIT, || async {
        letters(&central)
            .await
            .iter()
            .all(|l| l.state == "redriven")
    })
    .await;
    worker.stop().await;
}

/// The message of a tenant's first event.
async fn first(tenant: &Tenant) -> Envelope {
    let (conn, context) = (tenant.db.conn(), tenant.context);
    support::messages(conn, context, Class::Activity, 1)
        .await
        .remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_under_an_older_generation_dies_and_its_event_is_sent_under_the_new_one() {
    let world = World::new().await;
    let central = Central::new(&world.clock).await;
    let (tenant, api) = (world.tenant().await, central.node("work-1").await);
    tenant.commit(1).await;
    // As if it had been published before the tenant was moved.
    tenant.run("UPDATE outbox SET published_at = NOW(6)").await;
    let envelope = Envelope {
        generation: Generation(0),
        ..first(&tenant).await
    };
    let shard = Class::Activity.shard(tenant.context.tenant);
    let queue = world.topology.queue(Class::Activity, shard);
    publish(&world, queue, &serde_json::to_vec(&envelope).unwrap()).await;
    let worker = Worker::start(&world, &api);
    eventually(LIMIT, || async { tenant.done().await == 1 }).await;
    let letter = letters(&central).await.remove(0);
    assert!(letter.error.contains("generation"), "{}", letter.error);
    assert_eq!(tenant.activity().await, (2, 1));
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_no_queue_is_for_is_sent_again_to_the_class_whose_it_is() {
    let world = World::new().await;
    let central = Central::new(&world.clock).await;
    let (tenant, api) = (world.tenant().await, central.node("work-1").await);
    tenant.commit(1).await;
    // As if it waited for its next attempt while the queues were made fewer.
    tenant.run("UPDATE outbox SET published_at = NOW(6)").await;
    let body = serde_json::to_vec(&first(&tenant).await).unwrap();
    let delay = world.topology.delay_exchange(1);
    let to = (delay.as_str(), "activity.s99");
    publish_as(&world, to, &body, BasicProperties::default()).await;
    let worker = Worker::start(&world, &api);
    eventually(LIMIT, || async { letters(&central).await.len() == 1 }).await;
    let letter = letters(&central).await.remove(0);
    assert_eq!(letter.class, "activity");
    let error = &letter.error;
    assert!(error.contains("no queue for activity.s99"), "{error}");
    let dead = "SELECT COUNT(*) FROM outbox WHERE dead_at IS NOT NULL";
    assert_eq!(tenant.count(dead).await, 1);
    redrive(&central, &letter).await;
    eventually(LIMIT, || async { tenant.done().await == 1 }).await;
    assert_eq!(tenant.activity().await, (2, 1));
    assert_eq!(tenant.count(dead).await, 0);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_database_server_holds_up_neither_reports_nor_letters_of_others() {
    let world = World::new().await;
    let central = Central::new(&world.clock).await;
    let (good, api) = (world.tenant().await, central.node("work-1").await);
    let proxy = Proxy::to(good.db.url()).await;
    let silent = world.tenant_at(Generation(1), Some(&proxy)).await;
    let dead = "UPDATE outbox SET published_at = NOW(6), dead_at = NOW(6)";
    for tenant in [&good, &silent] {
        tenant.commit(1).await;
        tenant.run(dead).await;
    }
    // As many as are ordered at a time, the good one last.
    let mut envelopes = vec![first(&silent).await; 49];
    envelopes.push(first(&good).await);
    for (number, envelope) in envelopes.iter().enumerate() {
        let letter = cp_node_api::DeadLetter {
            class: "activity".to_owned(),
            body: cp_node_api::Base64(serde_json::to_vec(envelope).unwrap()),
            body_bytes: 0,
            message_id: Some(number.to_string()),
            error: "a test".to_owned(),
            attempts: 1,
            traceparent: None,
            died_at: None,
            event: Some(cp_node_api::DeadEvent {
                tenant_id: envelope.tenant,
                generation: envelope.generation,
                event_id: envelope.id,
                number: 1,
                kind: envelope.kind.clone(),
                occurred_at: envelope.occurred_at,
            }),
        };
        let letters = cp_node_api::DeadLetters {
            letters: vec![letter],
        };
        api.keep_dead_letters(&letters).await.unwrap();
    }
    world.pools.get(&silent.context).await.unwrap();
    proxy.fall_silent();
    let (conn, now) = (central.nodes.db.conn(), central.nodes.clock.now());
    let tx = central.nodes.db.begin().await.unwrap();
    let all = DeadLetterFilter::default();
    let redriving = DeadLetterStore::decide_all(&tx, LetterFate::Redrive, &all, None, now).await;
    assert_eq!(redriving.unwrap(), 50);
    tx.commit().await.unwrap();

    let worker = Worker::start(&world, &api);
    eventually(LIMIT, || async { good.done().await == 1 }).await;
    QueuePauseStore::insert(conn, "activity", "a test", None, now)
        .await
        .unwrap();
    let tap = worker.taps.of(Class::Activity);
    eventually(LIMIT, || async { !tap.is_open() }).await;
    let redriven = DeadLetterFilter {
        state: Some("redriven".to_owned()),
        ..DeadLetterFilter::default()
    };
    eventually(LIMIT, || async {
        DeadLetterStore::count(conn, &redriven).await.unwrap() == 1
    })
    .await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_on_a_silent_server_is_reported_as_it_was_counted_last() {
    let world = World::new().await;
    let good = world.tenant().await;
    let proxy = Proxy::to(good.db.url()).await;
    let silent = world.tenant_at(Generation(1), Some(&proxy)).await;
    let relay = world.relay(&world.link(), RelaySettings::default());
    let (backlog, stop) = (relay.relay.backlog(), CancellationToken::new());
    let (pools, clock) = (world.pools.clone(), world.clock.clone());
    let counting = tokio::spawn(count_backlogs(backlog.clone(), pools, clock, stop.clone()));
    for tenant in [&good, &silent] {
        tenant.commit(3).await;
        relay.nudge.nudge(tenant.context);
    }
    let outstanding = |tenant: &Tenant| {
        let rows = backlog.report().tenants.into_iter();
        let mut rows = rows.filter(|row| row.tenant_id == tenant.context.tenant);
        rows.next().map(|row| row.outstanding)
    };
    let not_asked = || {
        let servers = backlog.report().servers.into_iter();
        servers.map(|of| of.not_asked).collect::<BTreeSet<_>>()
    };
    eventually(LIMIT, || async {
        outstanding(&good) == Some(3) && outstanding(&silent) == Some(3)
    })
    .await;
    assert_eq!(not_asked(), [0].into());
    proxy.fall_silent();
    eventually(LIMIT, || async { not_asked() == [0, 1].into() }).await;
    good.commit(2).await;
    relay.nudge.nudge(good.context);
    eventually(LIMIT, || async { outstanding(&good) == Some(5) }).await;
    assert_eq!(outstanding(&silent), Some(3));
    proxy.open();
    eventually(LIMIT, || async { not_asked() == [0].into() }).await;
    assert_eq!(outstanding(&silent), Some(3));
    stop.cancel();
    counting.await.unwrap();
    relay.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_of_ours_is_kept_as_far_as_it_fits() {
    let world = World::new().await;
    let central = Central::new(&world.clock).await;
    let api = central.node("work-1").await;
    let queue = world.topology.queue(Class::Activity, 0);
    publish(&world, queue.clone(), b"\xff no envelope").await;
    publish(&world, queue, &vec![b'x'; 10 * 1024 * 1024]).await;
    let worker = Worker::start(&world, &api);
    eventually(LIMIT, || async { letters(&central).await.len() == 2 }).await;
    let mut found = letters(&central).await;
    found.sort_by_key(|letter| letter.body_bytes);
    assert!(found.iter().all(|letter| letter.event_id.is_none()));
    assert_eq!(found[1].body_bytes, 10 * 1024 * 1024);
    let conn = central.nodes.db.conn();
    let (_, body) = DeadLetterStore::find(conn, found[1].id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(body.len(), 64 * 1024);
    let dead = world.topology.dead_queue(Class::Activity);
    eventually(LIMIT, || async { ready(&world, &dead).await == 0 }).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_a_year_that_no_database_has_is_kept_like_any_other() {
    let world = World::new().await;
    let central = Central::new(&world.clock).await;
    let (tenant, api) = (world.tenant().await, central.node("work-1").await);
    let envelope = Envelope {
        id: EventId::from_uuid(Uuid::now_v7()),
        number: 1,
        tenant: tenant.context.tenant,
        generation: Generation(0),
        kind: "work_item.created".to_owned(),
        version: 1,
        occurred_at: "+70000-01-01T00:00:00Z".parse().unwrap(),
        traceparent: None,
    };
    let shard = Class::Activity.shard(tenant.context.tenant);
    let queue = world.topology.queue(Class::Activity, shard);
    // Once as a message that dies, once as a dead one that somebody put there.
    let body = serde_json::to_vec(&envelope).unwrap();
    publish(&world, queue, &body).await;
    let dead = world.topology.dead_queue(Class::Activity);
    let died_at = AMQPValue::LongLongInt(envelope.occurred_at.timestamp_micros());
    let mut headers = FieldTable::default();
    headers.insert("x-trellis-died-at".into(), died_at);
    let properties = BasicProperties::default().with_headers(headers);
    publish_as(&world, ("", &dead), &body, properties).await;
    publish_as(
        &world,
        ("", &dead),
        b"behind it",
        BasicProperties::default(),
    )
    .await;
    let worker = Worker::start(&world, &api);
    eventually(LIMIT, || async { letters(&central).await.len() == 3 }).await;
    let found = letters(&central).await;
    assert!(found.iter().all(|letter| letter.event_id.is_none()));
    let refused = found.iter().find(|l| l.error.contains("no database"));
    assert!(refused.is_some(), "{found:?}");
    eventually(LIMIT, || async { ready(&world, &dead).await == 0 }).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_class_waits_over_a_restart_and_its_backlog_is_reported() {
    let world = World::new().await;
    let central = Central::new(&world.clock).await;
    let (tenant, api) = (world.tenant().await, central.node("work-1").await);
    let worker = Worker::start(&world, &api);
    worker.commit(&tenant, 5).await;
    eventually(LIMIT, || async { tenant.done().await == 5 }).await;
    let (conn, now) = (central.nodes.db.conn(), central.nodes.clock.now());
    QueuePauseStore::insert(conn, "activity", "a test", None, now)
        .await
        .unwrap();
    let tap = worker.taps.of(Class::Activity);
    eventually(Duration::from_secs(5), || async { !tap.is_open() }).await;
    worker.commit(&tenant, 7).await;
    let queue = world.topology.queue(
        Class::Activity,
        Class::Activity.shard(tenant.context.tenant),
    );
    eventually(LIMIT, || async { ready(&world, &queue).await == 7 }).await;
    // However long it takes, what waits in the queue is not lost.
    tenant
        .run("UPDATE outbox SET published_at = NOW(6) - INTERVAL 3 HOUR WHERE done_at IS NULL")
        .await;
    worker.commit(&tenant, 1).await;
    eventually(LIMIT, || async { tenant.published().await == 13 }).await;
    assert_eq!(ready(&world, &queue).await, 8);
    let reported = || async {
        let kept = QueueReportStore::list(conn).await.unwrap().remove(0);
        serde_json::from_str::<cp_node_api::QueueReport>(&kept.report).unwrap()
    };
    eventually(LIMIT, || async { !reported().await.tenants.is_empty() }).await;
    let backlog = reported().await.tenants.remove(0);
    assert_eq!(backlog.tenant_id, tenant.context.tenant);
    assert_eq!(backlog.waiting + backlog.outstanding, 8);
    assert!(backlog.oldest_at.is_some());
    worker.stop().await;

    let worker = Worker::start(&world, &api);
    eventually(LIMIT, || async {
        let classes = reported().await.classes;
        let other = worker.taps.of(Class::Housekeeping).is_open();
        other
            && classes
                .iter()
                .any(|class| class.class == "activity" && class.paused)
    })
    .await;
    assert_eq!(ready(&world, &queue).await, 8);
    assert_eq!(tenant.done().await, 5);
    QueuePauseStore::delete(conn, "activity").await.unwrap();
    eventually(LIMIT, || async { tenant.done().await == 13 }).await;
    worker.stop().await;
}
