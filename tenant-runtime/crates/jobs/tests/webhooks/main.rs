//! Webhooks, from the event to the receiver: once for each webhook that wants to hear of it, signed
//! so that others can check it, tried again in time, never sent to anything inside.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod by_itself;
mod disabling;
mod faults;
mod receiver;
mod scene;
mod sending;
#[expect(dead_code, reason = "each test file uses a part of it")]
#[path = "../support/mod.rs"]
mod support;
