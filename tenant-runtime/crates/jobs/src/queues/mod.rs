//! The queues for the staff: a worker tells the control plane how they are, takes dead messages
//! there, and does what it is told: pause a class, send a dead message again.

mod backlog;
mod dead;
mod redrive;
mod reporter;
mod taps;

pub use backlog::{Backlog, count_backlogs};
pub use dead::DeadLetterKeeper;
pub use redrive::Redriver;
pub(crate) use redrive::current;
pub use reporter::Reporter;
pub use taps::Taps;
