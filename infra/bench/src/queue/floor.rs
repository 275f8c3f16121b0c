//! What the broker gives at most: lapin alone, as many publishers and consumers, batches, prefetch
//! and queues as the product has, and messages of the same bytes with the same properties.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use broker::{Class, Envelope, Topology};
use chrono::Utc;
use futures_util::{StreamExt as _, future::try_join_all};
use kernel::{EventId, TenantContext};
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    message::Delivery,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
        ConfirmSelectOptions,
    },
    types::FieldTable,
};
use testkit::TestVhost;
use tokio::{sync::mpsc, task::JoinSet, time::timeout};
use tr_jobs::RelaySettings;
use uuid::Uuid;

use super::product::{Product, link};

/// How long a batch waits for more, as the product's do.
const WINDOW: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(120);

/// Publishers and consumers over a virtual host of their own.
pub struct Floor {
    class: Class,
    tenants: Vec<TenantContext>,
    publishers: Vec<Channel>,
    effects: tokio::sync::Mutex<mpsc::UnboundedReceiver<Vec<Delivery>>>,
    _consumers: JoinSet<Result<()>>,
    _connections: [Connection; 2],
    _vhost: TestVhost,
}

impl Floor {
    /// Beside a product whose tenants and queues it takes.
    pub async fn start(product: &Product) -> Result<Self> {
        let vhost = testkit::amqp_vhost().await;
        let declared = link(vhost.url())?;
        declared.connected().await?;
        declared.close().await;
        let connect = || Connection::connect(vhost.url(), ConnectionProperties::default());
        let (outward, inward) = (connect().await?, connect().await?);
        let mut publishers = Vec::new();
        for _ in 0..RelaySettings::default().workers {
            let channel = outward.create_channel().await?;
            channel
                .confirm_select(ConfirmSelectOptions::default())
                .await?;
            publishers.push(channel);
        }
        let (tell, effects) = mpsc::unbounded_channel();
        let mut consumers = JoinSet::new();
        for shard in 0..product.class.spec().shards {
            let channel = inward.create_channel().await?;
            consumers.spawn(consume(channel, product.class, shard, tell.clone()));
        }
        Ok(Self {
            class: product.class,
            tenants: product.tenants.iter().map(|one| one.context).collect(),
            publishers,
            effects: effects.into(),
            _consumers: consumers,
            _connections: [outward, inward],
            _vhost: vhost,
        })
    }

    /// Publishes so many messages as fast as they are confirmed; acknowledged a second.
    pub async fn backlog(&self, messages: usize) -> Result<f64> {
        let started = Instant::now();
        let share = messages / self.publishers.len();
        let publish = self
            .publishers
            .iter()
            .enumerate()
            .map(|(place, channel)| async move {
                let mut left = share;
                // Each has tenants of its own, one after the other, as the relay's workers.
                let mut tenants = self.tenants.iter().cycle().skip(place);
                while left > 0 {
                    let count = left.min(RelaySettings::default().batch);
                    let tenant = tenants.next().context("a tenant")?;
                    self.publish(channel, *tenant, count).await?;
                    left -= count;
                }
                Ok::<_, anyhow::Error>(())
            });
        let (published, taken) = tokio::join!(
            try_join_all(publish),
            self.effects(share * self.publishers.len())
        );
        published?;
        #[expect(clippy::cast_precision_loss, reason = "a number of messages")]
        let per_second = taken?.len() as f64 / started.elapsed().as_secs_f64();
        Ok(per_second)
    }

    /// Publishes one by one at a rate; how long each took until it was acknowledged.
    pub async fn at_a_rate(&self, per_second: f64, messages: usize) -> Result<Vec<u64>> {
        let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / per_second));
        let publish = async {
            let channels = self.publishers.iter().cycle();
            for (tenant, channel) in self.tenants.iter().cycle().zip(channels).take(messages) {
                ticks.tick().await;
                self.publish(channel, *tenant, 1).await?;
            }
            Ok::<_, anyhow::Error>(())
        };
        let (published, taken) = tokio::join!(publish, self.effects(messages));
        published?;
        taken
    }

    async fn publish(&self, channel: &Channel, tenant: TenantContext, count: usize) -> Result<()> {
        let topology = Topology::new("");
        let (exchange, key) = (
            topology.work_exchange(),
            topology.queue(self.class, self.class.shard(tenant.tenant)),
        );
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let mut confirms = Vec::with_capacity(count);
        for place in 0..count {
            let envelope = envelope(tenant);
            let body = serde_json::to_vec(&envelope)?;
            let properties = properties(&envelope, place);
            let (exchange, key) = (exchange.as_str().into(), key.as_str().into());
            let sent = channel.basic_publish(exchange, key, options, &body, properties);
            confirms.push(sent.await?);
        }
        try_join_all(confirms).await?;
        Ok(())
    }

    async fn effects(&self, count: usize) -> Result<Vec<u64>> {
        let mut effects = self.effects.lock().await;
        let mut taken = Vec::with_capacity(count);
        while taken.len() < count {
            let batch = timeout(PATIENCE, effects.recv()).await;
            let now = Utc::now();
            for delivery in batch?.context("the consumers are gone")? {
                let envelope: Envelope = serde_json::from_slice(&delivery.data)?;
                let dwell = (now - envelope.occurred_at).num_microseconds();
                taken.push(u64::try_from(dwell.unwrap_or(0))?);
            }
        }
        Ok(taken)
    }
}

/// Takes what comes in batches and acknowledges each batch at once.
async fn consume(
    channel: Channel,
    class: Class,
    shard: u8,
    tell: mpsc::UnboundedSender<Vec<Delivery>>,
) -> Result<()> {
    let prefetch = class.spec().prefetch;
    channel
        .basic_qos(prefetch, BasicQosOptions { global: false })
        .await?;
    let queue = Topology::new("").queue(class, shard);
    let mut deliveries = channel
        .basic_consume(
            queue.as_str().into(),
            "".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        )
        .await?;
    while let Some(first) = deliveries.next().await {
        let until = tokio::time::Instant::now() + WINDOW;
        let mut batch = vec![first?];
        while batch.len() < usize::from(prefetch) {
            match tokio::time::timeout_at(until, deliveries.next()).await {
                Ok(Some(delivery)) => batch.push(delivery?),
                _ => break,
            }
        }
        if let Some(last) = batch.last() {
            last.acker.ack(BasicAckOptions { multiple: true }).await?;
        }
        if tell.send(batch).is_err() {
            break;
        }
    }
    Ok(())
}

/// What the product would send with it.
fn properties(envelope: &Envelope, place: usize) -> BasicProperties {
    BasicProperties::default()
        .with_delivery_mode(2)
        .with_content_type("application/json".into())
        .with_correlation_id(place.to_string().into())
        .with_message_id(envelope.id.to_string().into())
        .with_type(envelope.kind.as_str().into())
}

/// What the product would send.
fn envelope(tenant: TenantContext) -> Envelope {
    Envelope {
        id: EventId::from_uuid(Uuid::now_v7()),
        number: 1,
        tenant: tenant.tenant,
        generation: tenant.generation,
        kind: "work_item.changed".to_owned(),
        version: 1,
        occurred_at: Utc::now(),
        traceparent: None,
    }
}
