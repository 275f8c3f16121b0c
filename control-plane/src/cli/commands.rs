//! The commands that look at the fleet or change it. They do what the staff API does, for who has
//! the server.

pub mod audit;
pub mod dead_letters;
pub mod keys;
pub mod node;
pub mod person;
pub mod queues;
pub mod server;
pub mod staff;
pub mod tenant;
pub mod timers;

use clock::Clock;

use crate::{parts::Parts, settings::Settings};

/// The parts for a command.
async fn parts(settings: Settings) -> anyhow::Result<Parts> {
    Parts::new(settings, Clock::system()).await
}
