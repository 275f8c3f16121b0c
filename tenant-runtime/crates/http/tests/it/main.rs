//! The API against real databases.

mod app;
mod bad_input;
mod idempotency;
mod isolation;
mod matrix;
mod openapi;
mod statements;
mod work_items;
