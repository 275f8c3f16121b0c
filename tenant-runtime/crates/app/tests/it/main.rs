//! The use cases on a real MariaDB.

mod access;
mod completion;
mod concurrency;
mod dependencies;
mod events;
mod folders;
mod grants;
mod idempotency;
mod labels;
mod lifetime;
mod lists;
mod moves;
mod people;
mod statements;
mod work_items;
mod world;
