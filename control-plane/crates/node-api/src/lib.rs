//! What the nodes of the tenant runtime and the control plane say to each other, over the internal
//! listener: who is there, which keys sign identities, where a tenant's database is. Types for both
//! sides and the client that the runtime uses, so that neither can drift from the other.

mod bytes;
mod client;
mod error;
mod node;
mod password;
mod queues;
mod sweep;
mod tenant;
mod timers;
mod usage;

pub use bytes::Base64;
pub use client::{NodeApi, NodeApiError};
pub use error::NodeApiProblem;
pub use node::{BeatAnswer, NodeBeat, NodeRegistered, NodeRegistration, NodeRole};
pub use password::DatabasePassword;
pub use queues::{
    ClassReport, DEAD_BODY_BYTES, DeadEvent, DeadLetter, DeadLetters, QueueDepth, QueueOrders,
    QueueReport, Redrive, Redriven, ServerBacklog, TenantBacklog,
};
pub use sweep::{SweepEntry, SweepPage, SweepServer, SweptDatabase};
pub use tenant::{
    Changes, ChangesQuery, DatabaseAddress, TenantEntry, TenantPage, TenantPlacement, TenantsQuery,
};
pub use timers::{
    LastSlot, RunProgress, RunProgressState, SlotClaim, SlotClaimed, TimerEntry, TimerRun,
    TimersBeat, TimersLead, TimersLed, TimersNews,
};
pub use usage::TenantUsage;

pub use identity::PublicKey;

/// The prefix of every route of the node API.
pub const BASE_PATH: &str = "/internal/v1";
