//! A message on its way out, and the properties it travels with.

use chrono::{DateTime, Utc};
use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable, LongString, ShortString},
};

use crate::{Class, Envelope, Refused, Topology, incoming};

/// How often the message was tried, this time included.
pub(crate) const ATTEMPT: &str = "x-trellis-attempt";
/// Why it is here again, or dead.
pub(crate) const REASON: &str = "x-trellis-reason";
/// When a dead message died, in microseconds.
pub(crate) const DIED_AT: &str = "x-trellis-died-at";
/// W3C trace context of the request that caused it.
pub(crate) const TRACEPARENT: &str = "traceparent";
const PERSISTENT: u8 = 2;
/// Reasons are for people; longer ones are cut.
const REASON_CHARS: usize = 300;

/// A message to publish.
#[derive(Debug, Clone)]
pub struct Outgoing {
    exchange: String,
    key: String,
    body: Vec<u8>,
    attempt: u32,
    reason: Option<String>,
    died_at: Option<DateTime<Utc>>,
    id: Option<String>,
    kind: Option<String>,
    traceparent: Option<String>,
}

impl Outgoing {
    /// A message of a class, to the queue of its tenant.
    ///
    /// # Errors
    /// When the envelope cannot be written as JSON.
    pub fn new(topology: &Topology, class: Class, envelope: &Envelope) -> serde_json::Result<Self> {
        Ok(Self {
            exchange: topology.work_exchange(),
            key: topology.queue(class, class.shard(envelope.tenant)),
            body: serde_json::to_vec(envelope)?,
            attempt: 1,
            reason: None,
            died_at: None,
            id: Some(envelope.id.to_string()),
            kind: Some(envelope.kind.clone()),
            traceparent: envelope.traceparent.clone(),
        })
    }

    /// A message that was dead, as if it came for the first time: the body as it was, with the
    /// properties that follow from it.
    ///
    /// # Errors
    /// When the body is no envelope.
    pub fn redriven(topology: &Topology, class: Class, body: Vec<u8>) -> Result<Self, Refused> {
        let envelope = incoming::envelope(&body)?;
        Ok(Self {
            exchange: topology.work_exchange(),
            key: topology.queue(class, class.shard(envelope.tenant)),
            body,
            attempt: 1,
            reason: None,
            died_at: None,
            id: Some(envelope.id.to_string()),
            kind: Some(envelope.kind),
            traceparent: envelope.traceparent,
        })
    }

    /// A copy of a delivery for another exchange, with the reason why.
    pub(crate) fn again(
        delivery: &lapin::message::Delivery,
        exchange: String,
        key: String,
        attempt: u32,
        reason: &str,
    ) -> Self {
        let properties = &delivery.properties;
        Self {
            exchange,
            key,
            body: delivery.data.clone(),
            attempt,
            reason: Some(reason.chars().take(REASON_CHARS).collect()),
            died_at: None,
            id: properties.message_id().as_ref().map(ToString::to_string),
            kind: properties.kind().as_ref().map(ToString::to_string),
            traceparent: header(properties, TRACEPARENT),
        }
    }

    /// The same with when it died.
    pub(crate) const fn died(mut self, at: DateTime<Utc>) -> Self {
        self.died_at = Some(at);
        self
    }

    pub(crate) fn exchange(&self) -> ShortString {
        short(&self.exchange)
    }

    pub(crate) fn key(&self) -> ShortString {
        short(&self.key)
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The properties; `place` comes back with a returned message and tells which one it was.
    pub(crate) fn properties(&self, place: usize) -> BasicProperties {
        let mut headers = FieldTable::default();
        // Without the header it is the first.
        if self.attempt > 1 {
            headers.insert(ATTEMPT.into(), AMQPValue::LongLongInt(self.attempt.into()));
        }
        for (name, value) in [(REASON, &self.reason), (TRACEPARENT, &self.traceparent)] {
            if let Some(value) = value {
                headers.insert(
                    name.into(),
                    AMQPValue::LongString(LongString::from(value.as_str())),
                );
            }
        }
        if let Some(at) = self.died_at {
            let micros = AMQPValue::LongLongInt(at.timestamp_micros());
            headers.insert(DIED_AT.into(), micros);
        }
        let mut properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_content_type("application/json".into())
            .with_correlation_id(place.to_string().into());
        if !headers.inner().is_empty() {
            properties = properties.with_headers(headers);
        }
        if let Some(id) = &self.id {
            properties = properties.with_message_id(short(id));
        }
        if let Some(kind) = &self.kind {
            properties = properties.with_type(short(kind));
        }
        properties
    }
}

/// A text header.
pub(crate) fn header(properties: &BasicProperties, name: &str) -> Option<String> {
    match properties.headers().as_ref()?.inner().get(name)? {
        AMQPValue::LongString(text) => String::from_utf8(text.as_bytes().to_vec()).ok(),
        _ => None,
    }
}

/// The protocol's short text holds 255 bytes; what is longer is none of ours and goes without.
fn short(text: &str) -> ShortString {
    ShortString::try_new(text).unwrap_or_default()
}
