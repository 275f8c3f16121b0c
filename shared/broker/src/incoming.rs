//! A message as a handler sees it, and what the handler says became of it.

use lapin::{message::Delivery, types::AMQPValue};

use crate::{Envelope, outgoing::ATTEMPT};

/// A message to handle.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// What it says.
    pub envelope: Envelope,
    /// How often it was tried, this time included.
    pub attempt: u32,
    /// Whether the broker delivered it before: an effect may exist already.
    pub redelivered: bool,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its effect is committed.
    Done,
    /// It failed and may succeed later.
    Retry(String),
    /// It can never succeed.
    Dead(String),
}

/// Handles messages of a queue.
pub trait Handler: Send + Sync + 'static {
    /// Handles a batch; a verdict per message, in their order. Handling a message again must be
    /// harmless.
    fn handle(&self, batch: &[Incoming]) -> impl Future<Output = Vec<Verdict>> + Send;
}

/// A delivery is no message of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is larger than any of ours.
    #[error("the message has {0} bytes, more than {max}", max = Envelope::MAX_BYTES)]
    Oversize(usize),
    /// It is no envelope.
    #[error("the message is no envelope: {0}")]
    Malformed(String),
}

impl Incoming {
    pub(crate) fn read(delivery: &Delivery) -> Result<Self, Refused> {
        Ok(Self {
            envelope: envelope(&delivery.data)?,
            attempt: attempt(delivery),
            redelivered: delivery.redelivered,
        })
    }
}

/// The envelope in a body.
pub(crate) fn envelope(body: &[u8]) -> Result<Envelope, Refused> {
    if body.len() > Envelope::MAX_BYTES {
        return Err(Refused::Oversize(body.len()));
    }
    serde_json::from_slice(body).map_err(|error| Refused::Malformed(error.to_string()))
}

/// Which attempt a delivery is; the first unless it says otherwise.
pub(crate) fn attempt(delivery: &Delivery) -> u32 {
    let headers = delivery.properties.headers().as_ref();
    match headers.and_then(|headers| headers.inner().get(ATTEMPT)) {
        Some(AMQPValue::LongLongInt(attempt)) => u32::try_from(*attempt).unwrap_or(1).max(1),
        _ => 1,
    }
}
