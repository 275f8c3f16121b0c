//! Retiring queues of former generations: what is in them is moved to their successors, which are
//! declared already, and then they are deleted.
//!
//! One process does that at a time. A message is acknowledged in the old queue once the broker has
//! confirmed its copy in the new one, so that a crash has it twice at worst and never loses it.
//! Programs of the version before may go on consuming the old queue; it is deleted when they are
//! gone. A queue whose messages expire into another empties itself.

use std::time::Duration;

use lapin::{
    Channel,
    message::BasicGetMessage,
    options::{
        BasicAckOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions,
        QueueDeclareOptions, QueueDeleteOptions,
    },
    types::FieldTable,
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    BrokerError, Leadership, Link, Session,
    topology::{Binding, Queue},
};

/// The pause before looking again at queues that could not be deleted yet.
const PAUSE: Duration = Duration::from_secs(2);
/// How many messages are moved before they are acknowledged.
const BATCH: usize = 100;
/// The role of the one who does it.
const ROLE: &str = "retire";

/// A queue of a former generation, and its successor.
struct Former<'q> {
    name: &'q str,
    queue: &'q Queue,
}

/// What a queue holds, and how many consume it.
struct Held {
    messages: u32,
    consumers: u32,
}

/// Empties and deletes queues of former generations, as long as there are any, until told to stop.
pub async fn retire(link: Link, stop: CancellationToken) {
    let queues = link.topology().queues();
    let former: Vec<_> = queues
        .iter()
        .flat_map(|queue| queue.former.iter().map(move |name| Former { name, queue }))
        .collect();
    let retiring = async {
        while let Ok(session) = link.connected().await {
            let done = tokio::select! {
                done = all(&link, &session, &former) => done,
                () = link.ended(&session) => Err(BrokerError::Away),
            };
            match done {
                // A program of the version before may declare one again, and is gone by the time
                // when this connection is.
                Ok(()) => link.ended(&session).await,
                Err(error) => {
                    warn!(%error, "queues of former generations are not retired");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    };
    stop.run_until_cancelled(retiring).await;
}

/// Retires all of them; ends when none is left.
async fn all(link: &Link, session: &Session, former: &[Former<'_>]) -> Result<(), BrokerError> {
    let mut left = Vec::new();
    for queue in former {
        if held(session, queue.name).await?.is_some() {
            left.push(queue);
        }
    }
    if left.is_empty() {
        return Ok(());
    }
    let _role = Leadership::win(link, ROLE).await?;
    while !left.is_empty() {
        let mut still = Vec::new();
        for former in left {
            if !former.retire(session).await? {
                still.push(former);
            }
        }
        left = still;
        if !left.is_empty() {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

impl Former<'_> {
    /// Moves what is in the queue, and tells whether the queue is gone.
    async fn retire(&self, session: &Session) -> Result<bool, BrokerError> {
        let Some(found) = held(session, self.name).await? else {
            return Ok(true);
        };
        let channel = session.connection.create_channel().await?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await?;
        for Binding { exchange, key } in &self.queue.bindings {
            channel
                .queue_unbind(
                    self.name.into(),
                    exchange.as_str().into(),
                    key.as_str().into(),
                    FieldTable::default(),
                )
                .await?;
        }
        let empties_itself = self.queue.ttl_millis.is_some();
        if !empties_itself {
            let moved = self.move_all(&channel, found.messages).await?;
            if moved > 0 {
                info!(
                    from = self.name,
                    to = self.queue.name,
                    moved,
                    "moved messages"
                );
                metrics::counter!("queue_messages_moved_total").increment(moved);
            }
        }
        let gone = match held(session, self.name).await? {
            // Quorum queues know no "if unused" and "if empty".
            Some(Held {
                messages: 0,
                consumers: 0,
            }) => {
                let options = QueueDeleteOptions::default();
                channel.queue_delete(self.name.into(), options).await?;
                info!(queue = self.name, "retired a queue of a former generation");
                metrics::counter!("queue_generations_retired_total").increment(1);
                true
            }
            Some(_) => false,
            None => true,
        };
        channel.close(200, "retired".into()).await?;
        Ok(gone)
    }

    /// Moves as many messages as were found, and tells how many.
    async fn move_all(&self, channel: &Channel, found: u32) -> Result<u64, BrokerError> {
        let (found, mut moved) = (u64::from(found), 0);
        while moved < found {
            let batch = self.get(channel).await?;
            let Some(last) = batch.last() else { break };
            self.copy(channel, &batch).await?;
            last.acker.ack(BasicAckOptions { multiple: true }).await?;
            moved += batch.len() as u64;
        }
        Ok(moved)
    }

    async fn get(&self, channel: &Channel) -> Result<Vec<BasicGetMessage>, BrokerError> {
        let mut batch = Vec::new();
        while batch.len() < BATCH {
            let options = BasicGetOptions { no_ack: false };
            match channel.basic_get(self.name.into(), options).await? {
                Some(message) => batch.push(message),
                None => break,
            }
        }
        Ok(batch)
    }

    /// Publishes copies of the messages to the new queue, and waits for every confirm.
    async fn copy(&self, channel: &Channel, batch: &[BasicGetMessage]) -> Result<(), BrokerError> {
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let mut confirms = Vec::with_capacity(batch.len());
        // The new queue alone is bound by its own name.
        let exchange = self.queue.bindings.first().map(|binding| &binding.exchange);
        let exchange = exchange.map_or("", String::as_str);
        for message in batch {
            let confirm = channel.basic_publish(
                exchange.into(),
                self.queue.name.as_str().into(),
                options,
                &message.data,
                message.properties.clone(),
            );
            confirms.push(confirm.await?);
        }
        for confirm in confirms {
            let confirmation = confirm.await?;
            if !confirmation.is_ack() || confirmation.take_message().is_some() {
                return Err(BrokerError::Unmoved(self.name.to_owned()));
            }
        }
        Ok(())
    }
}

/// What is in a queue, when there is one. A channel of its own asks, since a "no" closes it.
async fn held(session: &Session, queue: &str) -> Result<Option<Held>, BrokerError> {
    let channel = session.connection.create_channel().await?;
    let options = QueueDeclareOptions::durable().passive();
    let declared = channel
        .queue_declare(queue.into(), options, FieldTable::default())
        .await;
    match declared {
        Ok(found) => {
            channel.close(200, "asked".into()).await?;
            Ok(Some(Held {
                messages: found.message_count(),
                consumers: found.consumer_count(),
            }))
        }
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn is_missing(error: &lapin::Error) -> bool {
    use lapin::{
        ErrorKind,
        protocol::{AMQPErrorKind, AMQPSoftError},
    };
    matches!(
        error.kind(),
        ErrorKind::ProtocolError(error)
            if *error.kind() == AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND)
    )
}
