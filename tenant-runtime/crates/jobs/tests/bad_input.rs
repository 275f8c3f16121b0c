//! Bad input, one test per case: it ends in the dead letters with the reason, and what comes after
//! it is handled.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

#[expect(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::sync::Arc;

use broker::{Class, DeadMessage, Envelope, Keeper, take_dead, topology::UNROUTABLE};
use chrono::Utc;
use kernel::{EventId, Generation, TenantId};
use lapin::{BasicProperties, options::BasicPublishOptions};
use support::{LIMIT, Tenant, World};
use testkit::eventually;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tr_jobs::RelaySettings;
use uuid::Uuid;

/// Keeps dead messages for a test.
struct Kept(mpsc::UnboundedSender<DeadMessage>);

impl Keeper for Kept {
    async fn keep(&self, dead: Vec<DeadMessage>) -> Result<(), String> {
        for message in dead {
            self.0.send(message).map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

/// What a test may spoil.
struct Case {
    world: World,
    tenant: Tenant,
}

impl Case {
    async fn new() -> Self {
        let world = World::new().await;
        let tenant = world.tenant().await;
        tenant.commit(1).await;
        Self { world, tenant }
    }

    /// The envelope of the tenant's first event, in all but its id.
    fn envelope(&self) -> Envelope {
        Envelope {
            id: EventId::from_uuid(Uuid::now_v7()),
            number: 1,
            tenant: self.tenant.context.tenant,
            generation: self.tenant.context.generation,
            kind: "work_item.changed".to_owned(),
            version: 1,
            occurred_at: Utc::now(),
            traceparent: None,
        }
    }

    async fn dies(&self, envelope: &Envelope) -> DeadMessage {
        self.dies_as(&serde_json::to_vec(envelope).unwrap()).await
    }

    async fn dies_as(&self, body: &[u8]) -> DeadMessage {
        let class = Class::Activity;
        let queue = self
            .world
            .topology
            .queue(class, class.shard(self.tenant.context.tenant));
        self.dies_by(&self.world.topology.work_exchange(), &queue, body)
            .await
    }

    /// Has a message published and handled by whoever it gets to; then an event that is as it
    /// should be. Gives what died.
    async fn dies_by(&self, exchange: &str, key: &str, body: &[u8]) -> DeadMessage {
        let Self { world, tenant } = self;
        let relay = world.relay(&world.link(), RelaySettings::default());
        let link = world.link();
        link.connected().await.unwrap();
        let connection = lapin::Connection::connect(&world.amqp_url, Default::default());
        let channel = connection.await.unwrap().create_channel().await.unwrap();
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        channel
            .basic_publish(exchange.into(), key.into(), options, body, properties)
            .await
            .unwrap();
        let handler = Arc::new(world.handler(&relay.nudge));
        let consumers = world.consumers(&link, Class::Activity, &handler);
        let (sender, mut dead) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        for (class, queue) in world.topology.dead_queues() {
            if [Class::Activity.name(), UNROUTABLE].contains(&class) {
                let keeper = Kept(sender.clone());
                tokio::spawn(take_dead(link.clone(), class, queue, keeper, stop.clone()));
            }
        }
        let died = testkit::within(LIMIT, dead.recv()).await.unwrap();
        relay.nudge.nudge(tenant.context);
        eventually(LIMIT, || async { tenant.done().await == 1 }).await;
        assert_eq!(tenant.activity().await, (2, 1));
        stop.cancel();
        consumers.stop().await;
        relay.running.stop().await;
        died.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_kind() {
    let case = Case::new().await;
    let kind = "moon.landed".to_owned();
    let dead = case
        .dies(&Envelope {
            kind,
            ..case.envelope()
        })
        .await;
    assert!(
        dead.reason.contains("unknown kind \"moon.landed\""),
        "{}",
        dead.reason
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_version() {
    let case = Case::new().await;
    let dead = case
        .dies(&Envelope {
            version: 9,
            ..case.envelope()
        })
        .await;
    assert!(dead.reason.contains("in version 9"), "{}", dead.reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_event() {
    let case = Case::new().await;
    let other = case.world.tenant().await;
    other.commit(2).await;
    // The other has an event of this number, and it is not this one. Those are done, so that nothing
    // else writes into its log.
    other
        .run("UPDATE outbox SET published_at = NOW(6), done_at = NOW(6)")
        .await;
    let tenant = other.context.tenant;
    let dead = case
        .dies(&Envelope {
            tenant,
            ..case.envelope()
        })
        .await;
    assert!(
        dead.reason.contains("event 1 is another one"),
        "{}",
        dead.reason
    );
    assert_eq!(other.activity().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_nobody_knows() {
    let case = Case::new().await;
    let tenant = TenantId::from_uuid(Uuid::now_v7());
    let dead = case
        .dies(&Envelope {
            tenant,
            ..case.envelope()
        })
        .await;
    assert!(dead.attempts > 1, "it may have been on the move");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_generation() {
    let case = Case::new().await;
    let generation = Generation(0);
    let dead = case
        .dies(&Envelope {
            generation,
            ..case.envelope()
        })
        .await;
    assert!(dead.reason.contains("generation"), "{}", dead.reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_message() {
    let case = Case::new().await;
    let body = serde_json::to_vec(&case.envelope()).unwrap();
    let dead = case.dies_as(&body[..body.len() / 2]).await;
    assert!(dead.reason.contains("no envelope"), "{}", dead.reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_megabytes() {
    let case = Case::new().await;
    let dead = case.dies_as(&vec![b'x'; 10 * 1024 * 1024]).await;
    assert!(dead.reason.contains("too large"), "{}", dead.reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_no_queue_is_for() {
    let case = Case::new().await;
    let body = serde_json::to_vec(&case.envelope()).unwrap();
    let delay = case.world.topology.delay_exchange(1);
    let dead = case.dies_by(&delay, "activity.s99", &body).await;
    assert_eq!((dead.class, dead.of), (UNROUTABLE, Some(Class::Activity)));
    assert!(
        dead.reason.contains("no queue for activity.s99"),
        "{}",
        dead.reason
    );
}
