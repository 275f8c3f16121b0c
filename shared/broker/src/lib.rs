//! RabbitMQ as Trellis uses it: one declared topology, supervised connections, publishing that
//! counts only what was confirmed, and consumers that settle whole batches.
//!
//! The client's own recovery stays off: a [`Link`] notices a lost connection, opens another and
//! declares everything again, and consumers start over on it with their prefetch.

mod consumer;
mod dead;
mod depth;
mod envelope;
mod error;
mod incoming;
mod leadership;
mod link;
mod outgoing;
mod publisher;
mod push;
mod retire;
mod settle;
mod tap;
pub mod topology;

pub use consumer::{ConsumerOptions, consume};
pub use dead::{DeadMessage, Keeper, take_dead};
pub use depth::Depth;
pub use envelope::Envelope;
pub use error::{BrokerError, PublishError};
pub use incoming::{Handler, Incoming, Refused, Verdict};
pub use leadership::Leadership;
pub use link::{Link, LinkOptions, Session};
pub use outgoing::Outgoing;
pub use publisher::Publisher;
pub use push::{Announcer, listen};
pub use retire::{QUIET, retire};
pub use tap::{Flow, Tap};
pub use topology::{Class, Topology};
