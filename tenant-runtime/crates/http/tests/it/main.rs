//! The API against real databases.

mod app;
mod openapi;
