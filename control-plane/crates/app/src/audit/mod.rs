//! The audit log: reading it, chaining it, showing that nobody changed it.
//!
//! Programs only add to the log. A worker gives each new entry a place in a chain of hashes: each
//! hash covers the entry and the hash before, so that no entry can be changed, taken out, put in or
//! moved without every later hash being another. The last hash goes to the log stream and to a file
//! (an [`Anchor`]), so that a chain that was computed anew is found out, too.

mod anchor;
mod hash;
mod keeper;
mod list;
mod verify;

pub use anchor::{Anchor, AnchorFile, UnreadableAnchors};
pub use cp_store::AuditFilter;
pub use keeper::{AuditSettings, Keeper};
pub use list::{ChainHead, chain_head, list_audit};
pub use verify::{Fault, FaultKind, Verdict, verify};
