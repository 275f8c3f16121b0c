//! Directories and programs: SCIM, client secrets and access tokens, over HTTP on real servers.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends at what it did not expect"
)]

mod clients;
mod directory;
mod filters;
mod groups;
mod protocol;
#[path = "../auth/support/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "the stage is shared with other tests"
)]
mod support;
mod tester;
mod tokens;
mod users;
