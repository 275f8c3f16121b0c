//! The tenant database: entities and stores. Every call takes the connection or transaction it
//! runs on; a read whose answer depends on the viewer takes the viewer as well.

pub mod access;
pub mod activity;
pub mod backlog;
pub mod dependencies;
pub mod entities;
pub mod epochs;
mod error;
pub mod folders;
pub mod grants;
pub mod groups;
pub mod handling;
pub mod idempotency;
mod inserting;
pub mod jobs;
pub mod labels;
pub mod live;
pub mod locks;
pub mod members;
pub mod notifications;
pub mod outbox;
pub mod relaying;
pub mod retention;
mod rows;
mod sql;
pub mod sweeping;
pub mod usage;
pub mod webhooks;
pub mod work_items;

pub use error::StoreError;
pub use rows::RowId;
