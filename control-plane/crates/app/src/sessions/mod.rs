//! Sessions: who a cookie or token stands for, where one is signed in, and how that ends.

mod access;
mod cached;
mod directory;
mod held;
mod last_seen;
mod own;
mod recent;
mod rotation;

pub use access::{
    ClientAddress, Credential, PeopleHost, PresentedCredential, SUPPORT_PREFIX, TenantHost,
    TenantSession, form_token, hash_link_token, new_browser_secret,
};
pub use cached::CachedSession;
pub use directory::{DirectoryError, SESSIONS_CHANNEL, SessionDirectory};
pub use held::Holder;
pub(crate) use held::is_good;
pub use own::{
    OwnSession, SessionError, list_sessions, revoke_other_sessions, revoke_session, sign_out,
};
pub use recent::{Found, Recent};
pub use rotation::Rotated;
