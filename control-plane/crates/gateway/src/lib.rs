//! The gateway: the hot path from a client to a node of the tenant runtime.
//!
//! A request comes to the host of a tenant. The gateway finds out which tenant and who asks, both
//! out of memory when it can, and passes the request on to a node of the tenant's ring with a
//! signed identity in place of cookie and token. What belongs to the control plane is answered in
//! the same process. It knows just enough to go on while the central database is away.

mod auth;
mod door;
mod gateway;
mod limit;
mod nodes;
mod pages;
mod paths;
mod policy;
mod proxy;
mod rates;
mod rotation;
mod routes;
mod settings;
mod streams;
mod watch;

pub use door::Door;
pub use gateway::{Gateway, GatewayParts, HostSettings};
pub use proxy::Passed;
pub use rates::{Rate, RateSettings};
pub use settings::GatewaySettings;
pub use streams::StreamSettings;
