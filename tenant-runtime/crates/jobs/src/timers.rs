//! Timers: what is done by the clock. One process of a ring leads and enqueues a job per tenant;
//! nobody loops over databases.
//!
//! [`TIMERS`] is the list of them. [`Schedule`] says when slots are, [`tick`] stands for leader
//! and runs them, each slot once: the control plane gives it to one leader only.

mod leader;
mod run;
mod schedule;
mod table;

pub use leader::{TickSettings, Timers, tick};
pub use schedule::Schedule;
pub use table::{TIMERS, TimerSpec, Todo};
