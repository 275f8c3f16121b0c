//! The API against real databases.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test panics when something is not as it says"
)]

mod app;
mod bad_input;
mod idempotency;
mod isolation;
mod live;
mod matrix;
mod notifications;
mod openapi;
mod statements;
mod trace;
mod webhooks;
mod work_items;
