//! The protocol, against a provider that does as a test says.

#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

mod addresses;
mod callbacks;
mod faults;
mod id_tokens;
mod keys;
mod logout;
mod support;
mod user_info;
