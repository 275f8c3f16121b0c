//! Sign-in, sessions, tokens, invitations, members and staff, over HTTP on real servers.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends at what it did not expect"
)]

mod access_policy;
mod credentials;
mod csrf;
mod desk;
mod entrance;
mod enumeration;
mod invitations;
mod invite_page;
mod limits;
mod mail;
mod members;
mod pages;
mod passkeys;
mod second_factor;
mod sessions;
mod sign_in;
mod sso;
mod staff;
mod staff_policies;
mod step_up;
mod stuffing;
mod support;
mod support_access;
mod tokens;
