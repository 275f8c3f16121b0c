//! Dead messages: taken from the dead queue of a class to where people look at them. A message is
//! acknowledged once it is kept there; until then it stays in its queue.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use lapin::{Channel, Consumer, message::Delivery, options::BasicAckOptions, types::AMQPValue};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    BrokerError, Class, Link, Session, Topology,
    consumer::subscribe,
    envelope::can_be_kept,
    incoming::attempt,
    outgoing::{DIED_AT, REASON, TRACEPARENT, header},
    topology::UNROUTABLE,
};

/// How many dead messages are kept at a time. One may have megabytes.
const BATCH: u16 = 8;
/// How long a batch waits for more after its first message.
const WINDOW: Duration = Duration::from_millis(50);
/// How long to wait when they cannot be kept.
const PAUSE: Duration = Duration::from_secs(2);

/// A dead message.
#[derive(Debug, Clone)]
pub struct DeadMessage {
    /// The class in whose dead queue it was, or [`UNROUTABLE`].
    pub class: &'static str,
    /// The class whose message it is. Of one that no queue was for, the routing key says so.
    pub of: Option<Class>,
    /// Its body, all of it.
    pub body: Vec<u8>,
    /// The property that says which message it is.
    pub message_id: Option<String>,
    /// The property that says what it is about.
    pub kind: Option<String>,
    /// W3C trace context of the request that caused it.
    pub traceparent: Option<String>,
    /// Why it is dead.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it died; not known of one that was put there by hand, or when it is a time that no
    /// database keeps.
    pub died_at: Option<DateTime<Utc>>,
}

/// Where dead messages are kept.
pub trait Keeper: Send + Sync + 'static {
    /// Keeps them all, or says why not. Keeping one again must be harmless.
    fn keep(&self, dead: Vec<DeadMessage>) -> impl Future<Output = Result<(), String>> + Send;
}

/// Takes the dead messages of a class away from their queue until told to stop.
pub async fn take_dead<K: Keeper>(
    link: Link,
    class: &'static str,
    queue: String,
    keeper: K,
    stop: CancellationToken,
) {
    let topology = link.topology().clone();
    let from = Dead {
        class,
        queue,
        topology,
    };
    let taking = async {
        while let Ok(session) = link.connected().await {
            let ended = tokio::select! {
                ended = from.take(&session, &keeper) => ended,
                () = link.ended(&session) => Err("the connection ended".to_owned()),
            };
            if let Err(reason) = ended {
                warn!(class, reason, "dead messages stay in their queue");
            }
            // Either the session goes down within the pause, or it is time to try again.
            let _ = timeout(PAUSE, link.ended(&session)).await;
        }
    };
    stop.run_until_cancelled(taking).await;
}

/// Where dead messages are.
struct Dead {
    class: &'static str,
    queue: String,
    topology: Topology,
}

impl Dead {
    /// Takes them as long as that goes well. The channel is closed at the end: what was delivered
    /// and not kept is in its queue again.
    async fn take<K: Keeper>(&self, session: &Session, keeper: &K) -> Result<(), String> {
        let started = self.start(session).await;
        let (channel, mut deliveries) = started.map_err(|error| error.to_string())?;
        let ended = self.keep_all(&mut deliveries, keeper).await;
        // A channel that failed is closed already.
        let _ = channel.close(200, "enough".into()).await;
        ended
    }

    async fn start(&self, session: &Session) -> Result<(Channel, Consumer), BrokerError> {
        let channel = session.connection.create_channel().await?;
        let deliveries = subscribe(&channel, &self.queue, BATCH).await?;
        Ok((channel, deliveries))
    }

    async fn keep_all<K: Keeper>(
        &self,
        deliveries: &mut Consumer,
        keeper: &K,
    ) -> Result<(), String> {
        loop {
            let batch = batch(deliveries).await?;
            let dead = batch.iter().map(|delivery| self.read(delivery)).collect();
            keeper.keep(dead).await?;
            if let Some(last) = batch.last() {
                let acked = last.acker.ack(BasicAckOptions { multiple: true }).await;
                acked.map_err(|error| error.to_string())?;
            }
        }
    }

    fn read(&self, delivery: &Delivery) -> DeadMessage {
        let properties = &delivery.properties;
        let death = Death::of(delivery);
        let said = header(properties, REASON);
        DeadMessage {
            class: self.class,
            of: match self.class {
                UNROUTABLE => self.topology.class_of(delivery.routing_key.as_str()),
                class => Class::named(class),
            },
            body: delivery.data.clone(),
            message_id: properties.message_id().as_ref().map(ToString::to_string),
            kind: properties.kind().as_ref().map(ToString::to_string),
            traceparent: header(properties, TRACEPARENT),
            reason: match &death {
                _ if self.class == UNROUTABLE => {
                    format!("there is no queue for {}", delivery.routing_key)
                }
                Some(death) => death.reason(said),
                None => said.unwrap_or_else(|| "nobody said why".to_owned()),
            },
            attempts: attempt(delivery),
            died_at: match &death {
                Some(death) => death.at,
                None => died_at(delivery),
            }
            .filter(can_be_kept),
        }
    }
}

/// The next messages, at least one.
async fn batch(deliveries: &mut Consumer) -> Result<Vec<Delivery>, String> {
    let ended = || "the broker ended the subscription".to_owned();
    let first = deliveries.next().await.ok_or_else(ended)?;
    let mut batch = vec![first.map_err(|error| error.to_string())?];
    let until = Instant::now() + WINDOW;
    while batch.len() < BATCH.into() {
        match timeout_at(until, deliveries.next()).await {
            Ok(Some(Ok(delivery))) => batch.push(delivery),
            Ok(Some(Err(error))) => return Err(error.to_string()),
            Ok(None) => return Err(ended()),
            Err(_) => break,
        }
    }
    Ok(batch)
}

/// When a message died that was copied to the dead with the reason.
fn died_at(delivery: &Delivery) -> Option<DateTime<Utc>> {
    let headers = delivery.properties.headers().as_ref()?;
    match headers.inner().get(DIED_AT)? {
        AMQPValue::LongLongInt(micros) => DateTime::from_timestamp_micros(*micros),
        _ => None,
    }
}

/// What the broker noted when it moved the message here by itself. Copies have no such note.
struct Death {
    why: String,
    at: Option<DateTime<Utc>>,
}

impl Death {
    fn of(delivery: &Delivery) -> Option<Self> {
        let headers = delivery.properties.headers().as_ref()?;
        let AMQPValue::FieldArray(deaths) = headers.inner().get("x-death")? else {
            return None;
        };
        // The latest comes first.
        let Some(AMQPValue::FieldTable(latest)) = deaths.as_slice().first() else {
            return None;
        };
        let why = match latest.inner().get("reason")? {
            AMQPValue::LongString(why) => String::from_utf8_lossy(why.as_bytes()).into_owned(),
            _ => return None,
        };
        let at = match latest.inner().get("time") {
            Some(AMQPValue::Timestamp(seconds)) => i64::try_from(*seconds)
                .ok()
                .and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
            _ => None,
        };
        Some(Self { why, at })
    }

    fn reason(&self, said: Option<String>) -> String {
        let why = match self.why.as_str() {
            "rejected" => "the message was rejected, too large to be one of ours".to_owned(),
            "delivery_limit" => {
                "the message was delivered too often: its consumers died with it".to_owned()
            }
            "expired" => "the message waited longer than it may".to_owned(),
            other => format!("the broker moved it here: {other}"),
        };
        match said {
            Some(said) => format!("{why}; before that: {said}"),
            None => why,
        }
    }
}
