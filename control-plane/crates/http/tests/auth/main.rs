//! Sign-in, sessions, tokens, invitations, members and staff, over HTTP on real servers.

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
