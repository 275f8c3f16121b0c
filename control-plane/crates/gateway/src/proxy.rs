//! Passing a request on to a node and its answer back.

mod answer;
mod body;
mod forward;
mod headers;
mod outgoing;
mod pool;
mod tunnel;

pub use body::Passed;
pub(crate) use forward::{Errand, Proxy, Relay};
pub(crate) use headers::upgrade;
