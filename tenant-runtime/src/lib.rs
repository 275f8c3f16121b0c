//! The tenant runtime: its command line, settings and how its parts are put together.

pub mod cache;
pub mod cli;
pub mod fleet;
pub mod oversight;
pub mod queues;
pub mod serve;
pub mod settings;
pub mod side;
pub mod tick;
pub mod webhooks;
pub mod work;
