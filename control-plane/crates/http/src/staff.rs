//! The staff API: tenants, operations, servers, placement groups, the audit log.
//!
//! Whoever serves it puts `Data<cp_app::Auth>` and `Data<cp_app::fleet::Fleet>` into the app's
//! data. Every handler takes a [`Staff`] and says which right it needs, before anything else.

mod access_policies;
mod account_views;
mod accounts;
mod approvals;
mod audit;
mod caller;
mod connections;
mod dead_letters;
mod events;
mod groups;
mod links;
mod openapi;
mod operations;
mod paging;
mod people;
mod problems;
mod queues;
mod servers;
mod support;
mod tenants;
mod timers;
mod views;

pub use caller::Staff;
pub use openapi::{configure, openapi, openapi_json};
