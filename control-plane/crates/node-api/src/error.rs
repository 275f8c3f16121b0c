//! What the node API answers when it refuses.

use serde::Deserialize;

/// The part of a problem (RFC 9457) that a node acts on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NodeApiProblem {
    /// The stable word.
    pub code: String,
    /// What is particular to this occurrence.
    pub detail: Option<String>,
}
