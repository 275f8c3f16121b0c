//! Journeys through real processes and a real browser.

mod browser;
mod chrome;
mod clean;
pub mod client;
pub mod people;
pub mod provider;
pub mod scim;
pub mod stack;
mod staff;

pub use browser::{Browser, Theme};
pub use client::TenantClient;
pub use people::People;
pub use provider::Provider;
pub use stack::Stack;
pub use staff::Staff;
