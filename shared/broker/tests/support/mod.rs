//! A corner of the test broker for one test, and a handler that remembers.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use broker::{
    Class, ConsumerOptions, Envelope, Handler, Incoming, Link, LinkOptions, Outgoing, Publisher,
    Topology, Verdict, consume,
};
use chrono::{DateTime, Utc};
use kernel::{EventId, Generation, TenantId};
use lapin::{
    Channel, Connection, ConnectionProperties,
    message::BasicGetMessage,
    options::{BasicGetOptions, QueueDeclareOptions, QueueDeleteOptions},
    types::FieldTable,
};
use testkit::TestVhost;
use tokio::{sync::Semaphore, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub const LIMIT: Duration = Duration::from_secs(20);

/// A virtual host of the test's own, and a way round the product to look at queues.
pub struct Corner {
    pub url: String,
    pub topology: Topology,
    pub channel: Channel,
    connection: Connection,
    _vhost: TestVhost,
}

impl Corner {
    pub async fn new() -> Self {
        let vhost = testkit::amqp_vhost().await;
        let url = vhost.url().to_owned();
        let topology = Topology::new("a-prefix.").with_delay_millis(50);
        let connection = Connection::connect(&url, ConnectionProperties::default())
            .await
            .unwrap();
        let channel = connection.create_channel().await.unwrap();
        topology.declare(&channel).await.unwrap();
        Self {
            url,
            topology,
            channel,
            connection,
            _vhost: vhost,
        }
    }

    pub fn link(&self) -> Link {
        self.link_through(&self.url, Duration::from_secs(10))
    }

    pub fn link_through(&self, url: &str, heartbeat: Duration) -> Link {
        let topology = self.topology.clone();
        Link::start(LinkOptions {
            url: url.to_owned(),
            name: "test",
            heartbeat,
            topology,
        })
        .unwrap()
    }

    pub async fn publisher(&self) -> Publisher {
        let link = self.link();
        link.connected().await.unwrap();
        Publisher::new(link)
    }

    pub fn queue(&self) -> String {
        self.topology
            .queue(Class::Activity, Class::Activity.shard(tenant()))
    }

    /// How many messages are ready in a queue.
    pub async fn ready(&self, queue: &str) -> u32 {
        let options = QueueDeclareOptions::durable().passive();
        let queue = self
            .channel
            .queue_declare(queue.into(), options, FieldTable::default())
            .await
            .unwrap();
        queue.message_count()
    }

    pub async fn dead(&self) -> u32 {
        self.ready(&self.topology.dead_queue(Class::Activity)).await
    }

    /// Whether there is such a queue. A channel of its own asks, since a "no" closes it.
    pub async fn exists(&self, queue: &str) -> bool {
        let channel = self.connection.create_channel().await.unwrap();
        let options = QueueDeclareOptions::durable().passive();
        channel
            .queue_declare(queue.into(), options, FieldTable::default())
            .await
            .is_ok()
    }

    pub async fn get(&self, queue: &str) -> Option<BasicGetMessage> {
        self.channel
            .basic_get(queue.into(), BasicGetOptions { no_ack: true })
            .await
            .unwrap()
    }

    pub async fn delete(&self, queue: &str) {
        self.channel
            .queue_delete(queue.into(), QueueDeleteOptions::default())
            .await
            .unwrap();
    }

    pub fn message(&self, number: u64) -> Outgoing {
        Outgoing::new(&self.topology, Class::Activity, &envelope(number)).unwrap()
    }

    /// Messages from..=to.
    pub fn messages(&self, numbers: std::ops::RangeInclusive<u64>) -> Vec<Outgoing> {
        numbers.map(|number| self.message(number)).collect()
    }

    /// Starts a consumer of the tenant's queue over a link.
    pub fn consume<H: Handler>(
        &self,
        link: &Link,
        publisher: &Publisher,
        handler: &Arc<H>,
    ) -> Running {
        self.consume_until(link, publisher, handler, Duration::from_secs(25))
    }

    /// The same with another limit for stopping.
    pub fn consume_until<H: Handler>(
        &self,
        link: &Link,
        publisher: &Publisher,
        handler: &Arc<H>,
        drain: Duration,
    ) -> Running {
        let shard = Class::Activity.shard(tenant());
        let options = ConsumerOptions {
            drain,
            ..ConsumerOptions::new(Class::Activity, shard)
        };
        self.consume_as(link, publisher, handler, options)
    }

    /// The same with options of one's own.
    pub fn consume_as<H: Handler>(
        &self,
        link: &Link,
        publisher: &Publisher,
        handler: &Arc<H>,
        options: ConsumerOptions,
    ) -> Running {
        let stop = CancellationToken::new();
        let task = tokio::spawn(consume(
            link.clone(),
            publisher.clone(),
            options,
            Arc::clone(handler),
            stop.clone(),
        ));
        Running { stop, task }
    }
}

pub struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    pub fn abort(self) {
        self.task.abort();
    }
}

pub fn tenant() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(0x0192_f0c1_0000_7000_8000_0000_0000_0001))
}

pub fn envelope(number: u64) -> Envelope {
    Envelope {
        id: EventId::from_uuid(Uuid::from_u128(number.into())),
        number,
        tenant: tenant(),
        generation: Generation(1),
        kind: "work_item.created".to_owned(),
        version: 1,
        occurred_at: DateTime::<Utc>::from_timestamp(1_800_000_000, 0).unwrap(),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
    }
}

/// Remembers what it handled, and says of each message what a test wants said.
pub struct Recorder<F> {
    pub seen: Mutex<Vec<(u64, u32)>>,
    verdict: F,
}

impl<F: Fn(&Incoming) -> Verdict + Send + Sync + 'static> Recorder<F> {
    pub fn new(verdict: F) -> Arc<Self> {
        Arc::new(Self {
            seen: Mutex::default(),
            verdict,
        })
    }
}

impl<F> Recorder<F> {
    pub fn numbers(&self) -> Vec<u64> {
        self.seen
            .lock()
            .unwrap()
            .iter()
            .map(|(number, _)| *number)
            .collect()
    }

    pub fn attempts(&self) -> Vec<u32> {
        self.seen
            .lock()
            .unwrap()
            .iter()
            .map(|(_, attempt)| *attempt)
            .collect()
    }
}

impl<F: Fn(&Incoming) -> Verdict + Send + Sync + 'static> Handler for Recorder<F> {
    async fn handle(&self, batch: &[Incoming]) -> Vec<Verdict> {
        let verdicts = batch.iter().map(&self.verdict).collect();
        let seen = batch
            .iter()
            .map(|message| (message.envelope.number, message.attempt));
        self.seen.lock().unwrap().extend(seen);
        verdicts
    }
}

pub fn done(_: &Incoming) -> Verdict {
    Verdict::Done
}

/// Holds its batches until it is let go.
pub struct Gate {
    pub entered: AtomicBool,
    pub open: Semaphore,
    pub handled: Mutex<Vec<u64>>,
}

impl Gate {
    pub fn new() -> Arc<Self> {
        let (entered, open) = (AtomicBool::new(false), Semaphore::new(0));
        Arc::new(Self {
            entered,
            open,
            handled: Mutex::default(),
        })
    }
}

impl Handler for Gate {
    async fn handle(&self, batch: &[Incoming]) -> Vec<Verdict> {
        self.entered.store(true, Ordering::SeqCst);
        let _open = self.open.acquire().await.unwrap();
        self.handled
            .lock()
            .unwrap()
            .extend(batch.iter().map(|message| message.envelope.number));
        vec![Verdict::Done; batch.len()]
    }
}
