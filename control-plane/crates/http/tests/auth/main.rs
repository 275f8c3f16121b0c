//! Sign-in, sessions, tokens, invitations, members and staff, over HTTP on real servers.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends at what it did not expect"
)]

mod csrf;
mod invitations;
mod invite_page;
mod mail;
mod members;
mod sessions;
mod sign_in;
mod staff;
mod support;
mod tokens;
