//! Publishing. A message counts as sent when the broker confirmed it; anything else is an error
//! for that message, and publishing it again is always safe.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::try_join_all;
use lapin::{
    Channel, Confirmation,
    message::BasicReturnMessage,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use tracing::warn;

use crate::{BrokerError, Link, Outgoing, PublishError, Session};

/// How long a batch may take until its last confirm.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often is looked whether the broker takes messages again.
const LOOK: Duration = Duration::from_millis(500);

/// Publishes over one link; clones share its channels.
#[derive(Clone)]
pub struct Publisher {
    link: Link,
    idle: Arc<Mutex<Vec<(u64, Channel)>>>,
}

impl Publisher {
    /// A publisher over a link of its own: a broker short of memory stops reading from
    /// connections that publish, and consumers must still be able to acknowledge.
    #[must_use]
    pub fn new(link: Link) -> Self {
        Self {
            link,
            idle: Arc::default(),
        }
    }

    /// The link.
    #[must_use]
    pub const fn link(&self) -> &Link {
        &self.link
    }

    /// Whether there is a connection from which the broker takes messages: it blocks those that
    /// publish while it is short of memory or disk.
    pub(crate) fn is_free(&self) -> bool {
        let session = self.link.session();
        session.is_some_and(|session| !session.connection.status().blocked())
    }

    /// Waits for such a connection.
    pub(crate) async fn free(&self) {
        while !self.is_free() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Publishes a batch and waits for every confirm; an answer per message, in their order.
    pub async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>> {
        match self.link.session() {
            Some(session) => self.publish_in(&session, batch).await,
            None => {
                let answers = vec![Err(PublishError::Away); batch.len()];
                count(&answers);
                answers
            }
        }
    }

    /// The same in one session only.
    pub(crate) async fn publish_in(
        &self,
        session: &Session,
        batch: &[Outgoing],
    ) -> Vec<Result<(), PublishError>> {
        if batch.is_empty() {
            return Vec::new();
        }
        let answers = match tokio::time::timeout(PATIENCE, self.attempt(session, batch)).await {
            Ok(Ok(answers)) => answers,
            Ok(Err(error)) => {
                warn!(%error, messages = batch.len(), "publishing failed");
                vec![Err(PublishError::Away); batch.len()]
            }
            Err(_) => vec![Err(PublishError::Unconfirmed); batch.len()],
        };
        count(&answers);
        if answers
            .iter()
            .any(|answer| matches!(answer, Err(PublishError::Returned(_))))
        {
            self.declare_again(session).await;
        }
        answers
    }

    async fn attempt(
        &self,
        session: &Session,
        batch: &[Outgoing],
    ) -> Result<Vec<Result<(), PublishError>>, BrokerError> {
        let (channel, answers) = tokio::select! {
            biased;
            sent = self.send(session, batch) => sent?,
            // The client does not answer every call that a lost connection leaves open.
            () = self.link.ended(session) => return Err(BrokerError::Away),
        };
        // Only a channel with nothing outstanding goes back; a failed one closes when dropped.
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((session.epoch, channel));
        Ok(answers)
    }

    async fn send(
        &self,
        session: &Session,
        batch: &[Outgoing],
    ) -> Result<(Channel, Vec<Result<(), PublishError>>), BrokerError> {
        let channel = self.channel(session).await?;
        let answers = send(&channel, batch).await?;
        Ok((channel, answers))
    }

    /// A channel for this batch alone: the client hands a returned message to whichever confirm
    /// comes next, so that batches must not share one.
    async fn channel(&self, session: &Session) -> Result<Channel, BrokerError> {
        let idle = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.retain(|(epoch, channel)| *epoch == session.epoch && channel.status().connected());
            idle.pop()
        };
        if let Some((_, channel)) = idle {
            return Ok(channel);
        }
        let channel = session.connection.create_channel().await?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await?;
        Ok(channel)
    }

    /// A returned message means that its queue is gone, deleted by hand or with the vhost.
    async fn declare_again(&self, session: &Session) {
        let declared = tokio::time::timeout(PATIENCE, async {
            let channel = session.connection.create_channel().await?;
            self.link.topology().declare(&channel).await
        });
        if let Ok(Err(error)) = declared.await {
            warn!(%error, "declaring the queues again failed");
        }
    }
}

async fn send(
    channel: &Channel,
    batch: &[Outgoing],
) -> Result<Vec<Result<(), PublishError>>, BrokerError> {
    let options = BasicPublishOptions {
        mandatory: true,
        ..Default::default()
    };
    let mut confirms = Vec::with_capacity(batch.len());
    for (place, message) in batch.iter().enumerate() {
        let (exchange, key) = (message.exchange(), message.key());
        let properties = message.properties(place);
        confirms.push(
            channel
                .basic_publish(exchange, key, options, message.body(), properties)
                .await?,
        );
    }
    let confirmations = try_join_all(confirms).await?;
    let mut answers = vec![Ok(()); batch.len()];
    let mut returns = Vec::new();
    for (answer, confirmation) in answers.iter_mut().zip(confirmations) {
        if !confirmation.is_ack() {
            *answer = Err(PublishError::Refused);
        }
        returns.extend(returned(confirmation));
    }
    for message in returns {
        let place = message.delivery.properties.correlation_id().as_ref();
        let place = place.and_then(|place| place.as_str().parse::<usize>().ok());
        if let Some(answer) = place.and_then(|place| answers.get_mut(place)) {
            *answer = Err(PublishError::Returned(message.reply_text.to_string()));
        }
    }
    Ok(answers)
}

fn returned(confirmation: Confirmation) -> Option<BasicReturnMessage> {
    confirmation.take_message()
}

fn count(answers: &[Result<(), PublishError>]) {
    for answer in answers {
        let outcome = match answer {
            Ok(()) => "confirmed",
            Err(PublishError::Away) => "away",
            Err(PublishError::Returned(_)) => "returned",
            Err(PublishError::Refused) => "refused",
            Err(PublishError::Unconfirmed) => "unconfirmed",
        };
        metrics::counter!("broker_published_total", "outcome" => outcome).increment(1);
    }
}
