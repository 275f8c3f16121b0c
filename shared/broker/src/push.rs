//! Telling all processes something at once: a fanout exchange, and a queue of each listener that
//! only its connection has. Nothing here is kept or confirmed: what is lost must not matter.

use std::time::Duration;

use futures_util::StreamExt;
use lapin::{
    BasicProperties, Channel, Consumer,
    options::{BasicConsumeOptions, BasicPublishOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, ShortString},
};
use tokio::sync::Mutex;

use crate::{BrokerError, Link, Session};

/// How long an announcement waits for a listener that does not take it.
const LIFE_MILLIS: i64 = 60_000;
/// The pause before listening again.
const PAUSE: Duration = Duration::from_millis(500);

/// Announces to all who [listen].
pub struct Announcer {
    link: Link,
    channel: Mutex<Option<(u64, Channel)>>,
}

impl Announcer {
    /// An announcer over this link.
    #[must_use]
    pub fn new(link: Link) -> Self {
        Self {
            link,
            channel: Mutex::default(),
        }
    }

    /// Announces, or lets it be when there is no connection.
    pub async fn announce(&self, body: &[u8]) {
        let Some(session) = self.link.session() else {
            return;
        };
        if let Err(error) = self.link.within(&session, self.send(&session, body)).await {
            tracing::debug!(%error, "an announcement was lost");
            *self.channel.lock().await = None;
        }
    }

    async fn send(&self, session: &Session, body: &[u8]) -> Result<(), BrokerError> {
        let mut kept = self.channel.lock().await;
        let channel = match &*kept {
            Some((epoch, channel)) if *epoch == session.epoch => channel.clone(),
            _ => {
                let channel = session.connection.create_channel().await?;
                *kept = Some((session.epoch, channel.clone()));
                channel
            }
        };
        drop(kept);
        let exchange = self.link.topology().push_exchange();
        let options = BasicPublishOptions::default();
        let properties = BasicProperties::default();
        channel
            .basic_publish(
                exchange.into(),
                ShortString::default(),
                options,
                body,
                properties,
            )
            .await?;
        Ok(())
    }
}

/// Hears announcements until the link is closed: `heard` gets each body, and none whenever some
/// may have been lost.
pub async fn listen(link: Link, heard: impl Fn(Option<&[u8]>)) {
    while let Ok(session) = link.connected().await {
        match link.within(&session, subscribe(&link, &session)).await {
            Ok((_channel, mut deliveries)) => {
                heard(None);
                loop {
                    tokio::select! {
                        biased;
                        () = link.ended(&session) => break,
                        delivery = deliveries.next() => match delivery {
                            Some(Ok(delivery)) => heard(Some(&delivery.data)),
                            _ => break,
                        },
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "cannot listen to announcements"),
        }
        let _ = tokio::time::timeout(PAUSE, link.ended(&session)).await;
    }
}

async fn subscribe(link: &Link, session: &Session) -> Result<(Channel, Consumer), BrokerError> {
    let channel = session.connection.create_channel().await?;
    let mut arguments = FieldTable::default();
    arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(LIFE_MILLIS));
    let options = QueueDeclareOptions {
        exclusive: true,
        auto_delete: true,
        ..QueueDeclareOptions::default()
    };
    let queue = channel
        .queue_declare(ShortString::default(), options, arguments)
        .await?;
    channel
        .queue_bind(
            queue.name().clone(),
            link.topology().push_exchange().into(),
            ShortString::default(),
            QueueBindOptions::default(),
            FieldTable::default(),
        )
        .await?;
    let options = BasicConsumeOptions {
        no_ack: true,
        exclusive: true,
        ..BasicConsumeOptions::default()
    };
    let consumer = channel
        .basic_consume(
            queue.name().clone(),
            ShortString::default(),
            options,
            FieldTable::default(),
        )
        .await?;
    Ok((channel, consumer))
}
