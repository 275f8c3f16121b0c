//! The control plane's composition: settings, command line, roles.

pub mod cli;
mod migrate;
mod parts;
mod readiness;
mod roles;
pub mod settings;

pub use parts::Parts;
