//! Telling people: in the app at once, by mail once it has settled, of a day in the morning, and
//! nobody who must not know.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up fails"
)]

mod office;
#[expect(dead_code, reason = "each test file uses a part of it")]
#[path = "../support/mod.rs"]
mod support;

mod mailing;
mod telling;
