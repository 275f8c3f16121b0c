//! What workers say of the queues, and what they are told to do with them. Staff see queues through
//! these reports only: the control plane does not reach the broker, nor a runtime the central
//! database.

use chrono::{DateTime, Utc};
use kernel::{EventId, Generation, TenantId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Base64;

/// How much of a dead message's body is kept, in bytes.
pub const DEAD_BODY_BYTES: usize = 64 * 1024;

/// `POST /queues/report`: what a worker sees, every few seconds. The answer is [`QueueOrders`].
/// What a newer worker says beyond this is passed over.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QueueReport {
    /// Every class.
    pub classes: Vec<ClassReport>,
    /// Tenants with events that are not done: those that wait longest, then those with the most.
    pub tenants: Vec<TenantBacklog>,
    /// Whether there are others, which are left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tenants_cut: bool,
    /// What waits on each database server, of all tenants that the worker knows to have anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<ServerBacklog>,
    /// What became of the dead letters that were to be sent again.
    pub redriven: Vec<Redriven>,
    /// Whether the worker is still at others of them: it is given no more meanwhile.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redriving: bool,
}

/// A class of messages, as one worker sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassReport {
    /// The class.
    pub class: String,
    /// How full its queues are; not known while the broker is away.
    pub depth: Option<QueueDepth>,
    /// Whether this worker takes none of its messages.
    pub paused: bool,
    /// Messages that this worker finished, in each second since its last report.
    pub done_rate: f64,
    /// Messages that failed and are tried again, likewise.
    pub retry_rate: f64,
    /// Messages that died, likewise.
    pub dead_rate: f64,
    /// When the oldest event happened that is not done, as far as the worker knows.
    pub oldest_at: Option<DateTime<Utc>>,
}

/// How full the queues of a class are, as the broker says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueDepth {
    /// Messages that wait to be delivered.
    pub ready: u64,
    /// Messages in its dead queue that have not been taken away.
    pub dead: u64,
    /// Consumers of its queues, in every process.
    pub consumers: u32,
}

/// What waits in one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantBacklog {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The class.
    pub class: String,
    /// Events that wait in its outbox.
    pub waiting: u64,
    /// Events that were published and are not done.
    pub outstanding: u64,
    /// When the oldest of them happened.
    pub oldest_at: Option<DateTime<Utc>>,
    /// When the oldest happened that has not been published.
    pub unpublished_at: Option<DateTime<Utc>>,
}

/// What waits in the outboxes on a database server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerBacklog {
    /// The server's host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Tenants with something that was not published.
    pub tenants: u64,
    /// Events and due jobs that were not published.
    pub waiting: u64,
    /// When the oldest of them happened.
    pub oldest_at: Option<DateTime<Utc>>,
    /// Tenants that did not answer when they were asked last: of these the figures are those of
    /// before, if there are any.
    pub not_asked: u64,
}

/// What became of a dead letter that was to be sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redriven {
    /// The dead letter.
    pub id: Uuid,
    /// Why it was not, and never will be; none when the broker confirmed it.
    pub error: Option<String>,
}

/// The answer to a report: what is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueOrders {
    /// The classes of which no worker takes anything.
    pub paused: Vec<String>,
    /// Dead letters to send again. Whoever gets them says in its next report what became of them;
    /// what is not heard of in a minute is given to another.
    pub redrive: Vec<Redrive>,
}

/// A dead letter to send again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    /// The dead letter.
    pub id: Uuid,
    /// The class to whose queue it goes.
    pub class: String,
    /// The message as it was.
    pub body: Base64,
}

/// `POST /queues/dead-letters`: dead messages on their way to where staff look at them. The same
/// message is kept once, however often it comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadLetters {
    /// The messages.
    pub letters: Vec<DeadLetter>,
}

/// A dead message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadLetter {
    /// The class whose message it was.
    pub class: String,
    /// The beginning of its body, no more than [`DEAD_BODY_BYTES`].
    pub body: Base64,
    /// How long the body was.
    pub body_bytes: u64,
    /// The property that says which message it is.
    pub message_id: Option<String>,
    /// Why it is dead.
    pub error: String,
    /// How often it was tried.
    pub attempts: u32,
    /// W3C trace context of the request that caused it.
    pub traceparent: Option<String>,
    /// When it died; not known of one that was put there by hand.
    pub died_at: Option<DateTime<Utc>>,
    /// What the body says, when it is an envelope; only such a message can be sent again.
    pub event: Option<DeadEvent>,
}

/// What an envelope says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadEvent {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The generation of its placement.
    pub generation: Generation,
    /// The event.
    pub event_id: EventId,
    /// Its number in its tenant.
    pub number: u64,
    /// What happened.
    pub kind: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}
