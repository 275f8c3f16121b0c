//! Journeys through real processes and a real browser.

mod authenticator;
mod browser;
mod chrome;
mod clean;
pub mod client;
pub mod people;
pub mod provider;
mod redis;
pub mod scim;
pub mod stack;
mod staff;

pub use authenticator::Authenticator;
pub use browser::{Browser, Theme};
pub use client::TenantClient;
pub use people::People;
pub use provider::Provider;
pub use redis::OwnRedis;
pub use stack::{Stack, Wishes};
pub use staff::Staff;
