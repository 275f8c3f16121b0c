//! Use cases of the tenant runtime: each loads, asks the domain, and stores, with its events, in
//! one transaction. They know nothing of HTTP, and take tenant, caller and database as values.

pub mod activity;
pub mod board;
pub mod dependencies;
pub mod error;
pub mod events;
pub mod folders;
pub mod grants;
pub mod groups;
pub mod idempotency;
pub mod labels;
pub mod members;
pub mod notifications;
mod page;
pub mod trace;
mod unit;
pub mod views;
pub mod webhooks;
pub mod work_items;

pub use error::Denied;
pub use idempotency::{IdempotencyError, IdempotencyRequest, Keyed, Outcome, StoredAnswer};
pub use page::PageRequest;
pub use tr_store::StoreError;
