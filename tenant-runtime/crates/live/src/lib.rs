//! Live events: what was committed, told to whoever listens.
//!
//! The outbox is the source. A [`Hub`] has one feed for each tenant that somebody listens to on
//! this node; the feed reads the tenant's numbered events and hands them to its listeners in
//! order. Pushes between nodes only say that there is something to read, so losing one costs
//! seconds, never an event. A listener that comes back names the last number it had and gets
//! everything after it, page by page as it takes it; numbers are of one generation of the tenant.

mod feed;
mod hub;
mod listener;
mod mark;
mod message;
mod push;
mod rights;
mod topic;

pub use hub::{Hub, HubSettings};
pub use listener::{Listener, LiveError};
pub use mark::{InvalidMark, Mark};
pub use message::{EventMessage, Live, Presence, PresenceMessage};
pub use push::{Push, keep_told};
pub use topic::{Hearing, InvalidTopic, Topic};
