//! What a runtime node knows of the fleet, and how it stays in touch with the control plane.
//!
//! Everything here goes on with what it has when the control plane is away: placements are
//! served stale, identity keys are kept, and only a node that never registered is not ready.

mod backoff;
mod changes;
mod directory;
mod registration;
mod slot;
mod source;

pub use changes::follow_changes;
pub use directory::Directory;
pub use registration::{NodeProfile, Registration};
pub use source::{PlacementSource, SourceError};
