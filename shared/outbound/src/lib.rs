//! Requests to addresses that tenants name: providers to sign in through, receivers of webhooks.
//!
//! A tenant's architect decides which addresses we call. Names are resolved once, and the
//! connection goes to an address that was looked at; nothing inside is reached however it is
//! dressed. No redirects, small bodies, short patience.

mod fetch;
mod guard;
mod names;

pub use fetch::{Excerpt, FetchError, Fetched, Fetcher};
pub use guard::{ForbiddenAddress, Guard, is_public};
pub use names::{LookupFailed, Names};
