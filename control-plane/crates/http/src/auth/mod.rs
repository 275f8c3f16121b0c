//! Sign-in, sessions, tokens, invitations and member administration on a tenant's host.
//!
//! The gateway hands requests over in-process. Before that it has put into the request's
//! extensions:
//!
//! * [`TenantHost`]: the tenant whose host it is. Without it every route here answers 404.
//! * [`TenantSession`]: who the cookie or token stands for, or nobody. Without it nobody is.
//! * [`ClientAddress`]: where the client is. Without it the address is the connection's.
//!
//! Whoever serves these routes puts `actix_web::web::Data<cp_app::Auth>` into the app's data.
//! Requests that change something and came with a session's cookie are refused here when they
//! come from another origin, whether or not the gateway looked before.

mod access_policy;
mod admin_security;
mod client_secrets;
mod come_in;
mod context;
mod cookies;
pub(crate) mod credentials;
mod directory_groups;
mod directory_tokens;
mod entrance;
mod invitations;
mod invite_page;
mod members;
mod openapi;
mod own_sessions;
mod own_tokens;
mod pages;
pub(crate) mod problems;
mod security;
mod sign_in;
mod sso;
pub(crate) mod support;
mod views;

pub use context::{ClientInfo, SignedIn, Tenant, Visitor};
pub use cookies::{cookie_name, expired_session_cookie};
pub use cp_app::sessions::{CachedSession, ClientAddress, TenantHost, TenantSession};
pub use openapi::{configure, openapi};

pub(crate) use cookies::{cookie, ended, staff_cookie_name};
