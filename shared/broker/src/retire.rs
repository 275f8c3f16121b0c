//! Retiring queues of former generations: what is in them is moved to their successors, which are
//! declared already, and then they are deleted.
//!
//! One process does that at a time. A message is acknowledged in the old queue once the broker has
//! confirmed its copy in the new one, so that a crash has it twice at worst and never loses it.
//! Programs of the version before may go on consuming the old queue; it is deleted when they are
//! gone. One that stops is no consumer any more while it still handles what it was delivered, which
//! nobody can see: hence the queue has to be empty and left alone for some time. A queue whose
//! messages expire into another empties itself.

use std::{mem, time::Duration};

use lapin::{
    Channel,
    message::BasicGetMessage,
    options::{
        BasicAckOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions,
        QueueDeclareOptions, QueueDeleteOptions,
    },
    types::FieldTable,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    BrokerError, Leadership, Link, Session,
    consumer::DRAIN,
    topology::{Binding, Queue},
};

/// For how long a queue was empty and not consumed when it is deleted: longer than a consumer that
/// stops holds messages, and its connection closes.
pub const QUIET: Duration = DRAIN.saturating_add(Duration::from_secs(20));
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

/// One that is being retired, in one session.
struct Retiring<'q> {
    former: &'q Former<'q>,
    channel: Option<Channel>,
    /// What the new queue has not taken yet. It stays on the channel it came on: to give it back
    /// counts as a delivery, and after a few of those it would be dead.
    kept: Vec<BasicGetMessage>,
    /// Since when it is empty and nobody consumes it.
    quiet: Option<Instant>,
}

/// What a queue holds, and how many consume it.
struct Held {
    messages: u32,
    consumers: u32,
}

/// Empties queues of former generations, and deletes them when they are [`QUIET`] for so long; as long
/// as there are any, until told to stop.
pub async fn retire(link: Link, quiet: Duration, stop: CancellationToken) {
    let queues = link.topology().queues();
    let former: Vec<_> = queues
        .iter()
        .flat_map(|queue| queue.former.iter().map(move |name| Former { name, queue }))
        .collect();
    let retiring = async {
        while let Ok(session) = link.connected().await {
            let done = tokio::select! {
                done = all(&link, &session, &former, quiet) => done,
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
async fn all(
    link: &Link,
    session: &Session,
    former: &[Former<'_>],
    quiet: Duration,
) -> Result<(), BrokerError> {
    let mut left = Vec::new();
    for former in former {
        if held(session, former.name).await?.is_some() {
            left.push(Retiring {
                former,
                channel: None,
                kept: Vec::new(),
                quiet: None,
            });
        }
    }
    if left.is_empty() {
        return Ok(());
    }
    let _role = Leadership::win(link, ROLE).await?;
    while !left.is_empty() {
        let mut still = Vec::new();
        for mut retiring in left {
            if !retiring.retire(session, quiet).await? {
                still.push(retiring);
            }
        }
        left = still;
        if !left.is_empty() {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

impl Retiring<'_> {
    /// Moves what is in the queue, and tells whether the queue is gone.
    async fn retire(&mut self, session: &Session, quiet: Duration) -> Result<bool, BrokerError> {
        let Former { name, queue } = *self.former;
        let Some(found) = held(session, name).await? else {
            return Ok(true);
        };
        let channel = self.channel(session).await?;
        for Binding { exchange, key } in &queue.bindings {
            channel
                .queue_unbind(
                    name.into(),
                    exchange.as_str().into(),
                    key.as_str().into(),
                    FieldTable::default(),
                )
                .await?;
        }
        let empties_itself = queue.ttl_millis.is_some();
        if !empties_itself {
            let moved = self.move_all(&channel, found.messages).await?;
            if moved > 0 {
                info!(from = name, to = queue.name, moved, "moved messages");
                metrics::counter!("queue_messages_moved_total").increment(moved);
            }
        }
        match held(session, name).await? {
            // Quorum queues know no "if unused" and "if empty".
            Some(Held {
                messages: 0,
                consumers: 0,
            }) if self.kept.is_empty() => {
                let since = *self.quiet.get_or_insert_with(Instant::now);
                if since.elapsed() < quiet {
                    return Ok(false);
                }
                let options = QueueDeleteOptions::default();
                channel.queue_delete(name.into(), options).await?;
                info!(queue = name, "retired a queue of a former generation");
                metrics::counter!("queue_generations_retired_total").increment(1);
            }
            Some(_) => {
                self.quiet = None;
                return Ok(false);
            }
            None => {}
        }
        channel.close(200, "retired".into()).await?;
        Ok(true)
    }

    /// The channel on which messages come and go.
    async fn channel(&mut self, session: &Session) -> Result<Channel, BrokerError> {
        if let Some(channel) = &self.channel {
            return Ok(channel.clone());
        }
        let channel = session.connection.create_channel().await?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await?;
        self.channel = Some(channel.clone());
        Ok(channel)
    }

    /// Moves as many messages as were found, or as the new queue takes, and tells how many.
    async fn move_all(&mut self, channel: &Channel, found: u32) -> Result<u64, BrokerError> {
        let (found, mut moved) = (u64::from(found), 0);
        while moved < found || !self.kept.is_empty() {
            if self.kept.is_empty() {
                self.kept = self.former.get(channel).await?;
            }
            let before = self.kept.len();
            if before == 0 {
                break;
            }
            self.move_kept(channel).await?;
            moved += (before - self.kept.len()) as u64;
            if !self.kept.is_empty() {
                let (from, to) = (self.former.name, &self.former.queue.name);
                let left = self.kept.len();
                warn!(from, to, left, "the new queue takes no more for now");
                break;
            }
        }
        Ok(moved)
    }

    /// Publishes copies of what is kept, and acknowledges what the new queue has; keeps the others.
    async fn move_kept(&mut self, channel: &Channel) -> Result<(), BrokerError> {
        let batch = mem::take(&mut self.kept);
        let taken = self.former.copy(channel, &batch).await?;
        if let (true, Some(last)) = (taken.iter().all(|taken| *taken), batch.last()) {
            last.acker.ack(BasicAckOptions { multiple: true }).await?;
            return Ok(());
        }
        for (message, taken) in batch.into_iter().zip(taken) {
            if taken {
                message.acker.ack(BasicAckOptions::default()).await?;
            } else {
                self.kept.push(message);
            }
        }
        Ok(())
    }
}

impl Former<'_> {
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

    /// Publishes copies of the messages to the new queue, waits for every confirm and tells of each
    /// whether it is there.
    async fn copy(
        &self,
        channel: &Channel,
        batch: &[BasicGetMessage],
    ) -> Result<Vec<bool>, BrokerError> {
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
        let (mut taken, mut returned) = (Vec::with_capacity(batch.len()), false);
        for confirm in confirms {
            let confirmation = confirm.await?;
            taken.push(confirmation.is_ack());
            returned |= confirmation.take_message().is_some();
        }
        // The client hands a returned message to whichever confirm comes next.
        if returned {
            taken.fill(false);
        }
        Ok(taken)
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
