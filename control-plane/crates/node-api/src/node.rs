//! A node makes itself known and keeps saying that it is there.

use identity::PublicKey;
use kernel::NodeId;
use serde::{Deserialize, Serialize};

/// What a process of the runtime does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeRole {
    /// Takes requests from the gateway.
    Serve,
    /// Consumes queues.
    Work,
    /// Runs timers.
    Tick,
}

/// `POST /nodes/register`. Repeating it is harmless; a node does so after every start and whenever
/// a beat is refused. It gets requests from its first beat after that on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeRegistration {
    /// The name under which the node was created.
    pub name: String,
    /// `host:port` that the gateway forwards to; none for nodes that take no requests.
    pub address: Option<String>,
    /// The release ring it believes to be in; refused when the control plane knows another.
    pub ring: String,
    /// The version of its program.
    pub version: String,
    /// What it does.
    pub roles: Vec<NodeRole>,
}

/// The answer to a registration.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NodeRegistered {
    /// The node.
    pub node_id: NodeId,
    /// How often it has to beat. After three missed beats it gets no more requests.
    pub beat_seconds: u32,
    /// The keys whose identities it accepts, the coming one included.
    pub identity_keys: Vec<PublicKey>,
    /// The present revision of the tenant catalogue: where to start asking for changes.
    pub revision: u64,
}

/// `POST /nodes/{id}/beat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeBeat {
    /// It finishes what it has and takes nothing new.
    pub draining: bool,
    /// Requests that it is working on.
    pub in_flight: u32,
}

/// The answer to a beat.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BeatAnswer {
    /// The keys whose identities it accepts, the coming one included.
    pub identity_keys: Vec<PublicKey>,
    /// The present revision of the tenant catalogue.
    pub revision: u64,
}
