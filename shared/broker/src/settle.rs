//! Settling a batch: what is done is acknowledged with one multiple-ack; what failed is first
//! published to a delay level, what is dead to the dead letters, and acknowledged only after the
//! broker confirmed the copy. While the broker takes no copies these are held, and the others go on:
//! to give them back counts as a delivery, and after a few of those they would be dead. Nothing is
//! ever requeued.

use std::{panic::AssertUnwindSafe, time::Duration};

use chrono::Utc;
use futures_util::FutureExt;
use lapin::{
    Acker,
    message::Delivery,
    options::{BasicAckOptions, BasicRejectOptions},
};
use tokio::task::JoinSet;
use tracing::{error, warn};

use crate::{
    BrokerError, Class, Handler, Incoming, Link, Outgoing, PublishError, Publisher, Session, Tap,
    Verdict, incoming::attempt, tap::Outcome,
};

/// An acknowledgement was void: the channel it belongs to is gone, and the broker delivers the
/// message again.
const VOID: &str = "the channel ended before the acknowledgement; a redelivery is on its way";

/// The pause before copies are published again.
const PAUSE: Duration = Duration::from_secs(1);

/// The copies that are on their way; each task ends when its deliveries are settled, or with why the
/// channel can no longer be used.
pub(crate) type Held = JoinSet<Result<(), String>>;

/// Settles the batches of one consumer.
pub(crate) struct Settlement<'a> {
    pub(crate) class: Class,
    pub(crate) link: &'a Link,
    pub(crate) session: &'a Session,
    pub(crate) publisher: &'a Publisher,
    pub(crate) tap: &'a Tap,
}

/// What happens to a delivery besides its acknowledgement.
enum Step {
    Acknowledge,
    Copy(Outgoing, Fallback),
    Reject,
}

/// What to do when the copy is refused by a broker that is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fallback {
    Redeliver,
    Reject,
}

/// Where a delivery is acknowledged or rejected.
struct Place {
    tag: u64,
    acker: Acker,
}

impl Place {
    async fn acknowledge(&self, multiple: bool) -> lapin::Result<bool> {
        self.acker.ack(BasicAckOptions { multiple }).await
    }

    async fn reject(&self) -> lapin::Result<bool> {
        let options = BasicRejectOptions { requeue: false };
        self.acker.reject(options).await
    }
}

/// A delivery that is settled when its copy is published.
struct Unsettled {
    place: Place,
    copy: Outgoing,
    fallback: Fallback,
}

/// What became of copies.
#[derive(Default)]
struct Published {
    /// Of these the broker has one.
    confirmed: Vec<Place>,
    /// Of these it takes none, and they are rejected instead.
    refused: Vec<Place>,
    /// Of these it may take one later.
    left: Vec<Unsettled>,
}

impl Settlement<'_> {
    /// Handles a batch and settles it, but for those of which a copy cannot be published now: they
    /// are with `held` until it is, as many as the prefetch allows.
    ///
    /// # Errors
    /// Why the channel can no longer be used; what is unsettled will be delivered again.
    pub(crate) async fn settle<H: Handler>(
        &self,
        handler: &H,
        batch: &[Delivery],
        held: &mut Held,
    ) -> Result<(), String> {
        let verdicts = self.judge(handler, batch).await;
        let (mut done, mut copies) = (Vec::new(), Vec::new());
        for (delivery, verdict) in batch.iter().zip(verdicts) {
            let place = Place {
                tag: delivery.delivery_tag,
                acker: delivery.acker.clone(),
            };
            match self.step(delivery, verdict) {
                Step::Acknowledge => done.push(place),
                Step::Reject => self.settled(place.reject()).await?,
                Step::Copy(copy, fallback) => copies.push(Unsettled {
                    place,
                    copy,
                    fallback,
                }),
            }
        }
        if self.publisher.is_free() {
            let published = publish(self.publisher, copies).await;
            for place in published.refused {
                self.settled(place.reject()).await?;
            }
            done.extend(published.confirmed);
            copies = published.left;
        }
        if held.is_empty() && copies.is_empty() {
            // All deliveries up to the last are of this batch or settled before.
            return match done.iter().max_by_key(|place| place.tag) {
                Some(last) => self.settled(last.acknowledge(true)).await,
                None => Ok(()),
            };
        }
        if !copies.is_empty() {
            let (link, session) = (self.link.clone(), self.session.clone());
            held.spawn(publish_all(self.publisher.clone(), link, session, copies));
        }
        for place in done {
            self.settled(place.acknowledge(false)).await?;
        }
        Ok(())
    }

    async fn settled(&self, call: impl Future<Output = lapin::Result<bool>>) -> Result<(), String> {
        settled(self.link, self.session, call).await
    }

    /// A verdict per delivery; what is no message of ours never reaches the handler.
    async fn judge<H: Handler>(&self, handler: &H, batch: &[Delivery]) -> Vec<Verdict> {
        let read: Vec<_> = batch.iter().map(Incoming::read).collect();
        let good: Vec<_> = read
            .iter()
            .filter_map(|read| read.as_ref().ok().cloned())
            .collect();
        let mut verdicts = handle(handler, &good).await.into_iter();
        read.into_iter()
            .map(|read| match read {
                Ok(_) => verdicts
                    .next()
                    .unwrap_or_else(|| Verdict::Retry("the handler gave no verdict".to_owned())),
                Err(refused) => Verdict::Dead(refused.to_string()),
            })
            .collect()
    }

    fn step(&self, delivery: &Delivery, verdict: Verdict) -> Step {
        let attempt = attempt(delivery);
        let (outcome, step) = match verdict {
            Verdict::Done => (Outcome::Done, Step::Acknowledge),
            Verdict::Retry(reason) if attempt < self.class.spec().attempts => {
                warn!(
                    class = self.class.name(),
                    attempt, reason, "a message will be tried again"
                );
                (Outcome::Retried, self.retry(delivery, attempt, &reason))
            }
            Verdict::Retry(reason) => {
                error!(
                    class = self.class.name(),
                    attempt, reason, "a message failed for the last time"
                );
                (Outcome::Dead, self.bury(delivery, attempt, &reason))
            }
            Verdict::Dead(reason) => {
                error!(
                    class = self.class.name(),
                    attempt, reason, "a message is dead"
                );
                (Outcome::Dead, self.bury(delivery, attempt, &reason))
            }
        };
        self.tap.count(outcome);
        metrics::counter!("messages_handled_total", "class" => self.class.name(), "outcome" => outcome.as_str())
            .increment(1);
        step
    }

    fn retry(&self, delivery: &Delivery, attempt: u32, reason: &str) -> Step {
        let exchange = self.link.topology().delay_exchange(attempt);
        // Back from the delay it goes by its key, which names the queue.
        let key = delivery.routing_key.to_string();
        let copy = Outgoing::again(delivery, exchange, key, attempt + 1, reason);
        Step::Copy(copy, Fallback::Redeliver)
    }

    /// With a copy, since a rejected message could not say why. One too large to be ours is
    /// rejected, reason and all its bytes left to the broker.
    fn bury(&self, delivery: &Delivery, attempt: u32, reason: &str) -> Step {
        if delivery.data.len() > MAX_COPY_BYTES {
            return Step::Reject;
        }
        let exchange = self.link.topology().dead_exchange();
        let key = self.class.name().to_owned();
        let copy = Outgoing::again(delivery, exchange, key, attempt, reason).died(Utc::now());
        Step::Copy(copy, Fallback::Reject)
    }
}

/// Publishes copies once.
async fn publish(publisher: &Publisher, copies: Vec<Unsettled>) -> Published {
    let messages: Vec<_> = copies.iter().map(|copy| copy.copy.clone()).collect();
    let answers = publisher.publish(&messages).await;
    let mut published = Published::default();
    let mut reason = None;
    for (copy, answer) in copies.into_iter().zip(answers) {
        match (answer, copy.fallback) {
            (Ok(()), _) => published.confirmed.push(copy.place),
            (Err(PublishError::Returned(_) | PublishError::Refused), Fallback::Reject) => {
                published.refused.push(copy.place);
            }
            (Err(error), _) => {
                reason = Some(error);
                published.left.push(copy);
            }
        }
    }
    if let Some(reason) = reason {
        let copies = published.left.len();
        warn!(%reason, copies, "copies were not published, and will be again");
    }
    published
}

/// Publishes copies until the broker has taken over each, and settles their deliveries; ends with
/// the session that these belong to.
async fn publish_all(
    publisher: Publisher,
    link: Link,
    session: Session,
    mut copies: Vec<Unsettled>,
) -> Result<(), String> {
    let publishing = async {
        while !copies.is_empty() {
            tokio::time::sleep(PAUSE).await;
            publisher.free().await;
            let published = publish(&publisher, copies).await;
            for place in published.confirmed {
                settled(&link, &session, place.acknowledge(false)).await?;
            }
            for place in published.refused {
                settled(&link, &session, place.reject()).await?;
            }
            copies = published.left;
        }
        Ok(())
    };
    tokio::select! {
        biased;
        published = publishing => published,
        () = link.ended(&session) => Err(BrokerError::Away.to_string()),
    }
}

/// The largest body that is copied to the dead letters.
const MAX_COPY_BYTES: usize = 256 * 1024;

/// The handler's verdicts. When it panics, its messages are handled one by one, so that only the
/// culprit is tried again.
async fn handle<H: Handler>(handler: &H, messages: &[Incoming]) -> Vec<Verdict> {
    if messages.is_empty() {
        return Vec::new();
    }
    if let Some(verdicts) = guarded(handler, messages).await {
        return verdicts;
    }
    let mut verdicts = Vec::with_capacity(messages.len());
    for message in messages {
        let alone = guarded(handler, std::slice::from_ref(message)).await;
        let verdict = alone.and_then(|verdicts| verdicts.into_iter().next());
        verdicts.push(verdict.unwrap_or_else(|| Verdict::Retry("the handler panicked".to_owned())));
    }
    verdicts
}

async fn guarded<H: Handler>(handler: &H, messages: &[Incoming]) -> Option<Vec<Verdict>> {
    AssertUnwindSafe(handler.handle(messages))
        .catch_unwind()
        .await
        .ok()
}

/// Waits for an acknowledgement or rejection to be on its way.
async fn settled(
    link: &Link,
    session: &Session,
    call: impl Future<Output = lapin::Result<bool>>,
) -> Result<(), String> {
    let answer = tokio::select! {
        biased;
        answer = call => answer,
        // The client does not answer every call that a lost connection leaves open.
        () = link.ended(session) => Ok(false),
    };
    match answer {
        Ok(true) => Ok(()),
        Ok(false) => {
            metrics::counter!("acknowledgements_void_total").increment(1);
            Err(VOID.to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}
