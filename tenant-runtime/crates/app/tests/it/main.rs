//! The use cases on a real MariaDB.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics when something is not as it says"
)]

mod access;
mod completion;
mod concurrency;
mod dependencies;
mod events;
mod folders;
mod grants;
mod idempotency;
mod kept_boards;
mod kept_order;
mod labels;
mod lifetime;
mod lists;
mod moves;
mod people;
mod statements;
mod work_items;
mod world;
