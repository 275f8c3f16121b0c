//! Settling a batch: what is done is acknowledged with one multiple-ack; what failed is first
//! published to a delay level, what is dead to the dead letters, and acknowledged only after the
//! broker confirmed the copy. Nothing is ever requeued.

use std::panic::AssertUnwindSafe;

use chrono::Utc;
use futures_util::FutureExt;
use lapin::{
    message::Delivery,
    options::{BasicAckOptions, BasicRejectOptions},
};
use tracing::{error, warn};

use crate::{
    Class, Handler, Incoming, Link, Outgoing, PublishError, Publisher, Session, Tap, Verdict,
    incoming::attempt, tap::Outcome,
};

/// An acknowledgement was void: the channel it belongs to is gone, and the broker delivers the
/// message again.
const VOID: &str = "the channel ended before the acknowledgement; a redelivery is on its way";

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

impl Settlement<'_> {
    /// Handles and settles a batch.
    ///
    /// # Errors
    /// Why the channel can no longer be used; what is unsettled will be delivered again.
    pub(crate) async fn settle<H: Handler>(
        &self,
        handler: &H,
        batch: &[Delivery],
    ) -> Result<(), String> {
        let verdicts = self.judge(handler, batch).await;
        let steps: Vec<_> = batch
            .iter()
            .zip(verdicts)
            .map(|(delivery, verdict)| self.step(delivery, verdict))
            .collect();
        let rejects = self.copy(&steps).await?;
        let mut last = None;
        for (delivery, reject) in batch.iter().zip(rejects) {
            if reject {
                let reject = delivery.acker.reject(BasicRejectOptions { requeue: false });
                self.settled(reject).await?;
            } else {
                last = Some(delivery);
            }
        }
        // All deliveries up to the last are of this batch or settled before.
        match last {
            Some(last) => {
                let ack = last.acker.ack(BasicAckOptions { multiple: true });
                self.settled(ack).await
            }
            None => Ok(()),
        }
    }

    /// Waits for an acknowledgement or rejection to be on its way.
    async fn settled(&self, call: impl Future<Output = lapin::Result<bool>>) -> Result<(), String> {
        let answer = tokio::select! {
            biased;
            answer = call => answer,
            // The client does not answer every call that a lost connection leaves open.
            () = self.link.ended(self.session) => Ok(false),
        };
        settled(answer)
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

    /// Publishes the copies; tells for each delivery whether it is to be rejected.
    async fn copy(&self, steps: &[Step]) -> Result<Vec<bool>, String> {
        let copies: Vec<_> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Copy(copy, _) => Some(copy.clone()),
                Step::Acknowledge | Step::Reject => None,
            })
            .collect();
        let mut answers = self.publisher.publish(&copies).await.into_iter();
        let mut rejects = Vec::with_capacity(steps.len());
        for step in steps {
            rejects.push(match step {
                Step::Acknowledge => false,
                Step::Reject => true,
                Step::Copy(_, fallback) => refused(answers.next(), *fallback)?,
            });
        }
        Ok(rejects)
    }
}

/// The largest body that is copied to the dead letters.
const MAX_COPY_BYTES: usize = 256 * 1024;

/// Whether a delivery is to be rejected after what became of its copy.
fn refused(answer: Option<Result<(), PublishError>>, fallback: Fallback) -> Result<bool, String> {
    match answer {
        Some(Ok(())) => Ok(false),
        Some(Err(PublishError::Returned(_) | PublishError::Refused))
            if fallback == Fallback::Reject =>
        {
            Ok(true)
        }
        Some(Err(error)) => Err(format!("a copy was not published: {error}")),
        None => Err("a copy was not published".to_owned()),
    }
}

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

fn settled(answer: lapin::Result<bool>) -> Result<(), String> {
    match answer {
        Ok(true) => Ok(()),
        Ok(false) => {
            metrics::counter!("acknowledgements_void_total").increment(1);
            Err(VOID.to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}
