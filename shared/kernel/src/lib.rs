//! Words that every crate shares: typed ids, roles, actors, the tenant context, pages and
//! revisions. Pure: no I/O, no async, no clock, no randomness.

mod actor;
mod context;
mod ids;
mod page;
mod revision;
mod trace;

pub use actor::{Actor, Role, Scope, Scopes, UnknownRole, UnknownScope};
pub use context::{Generation, RequestContext, RequestId, TenantContext};
pub use ids::*;
pub use page::{Cursor, InvalidCursor, Limit, Page};
pub use revision::{IfMatch, Revision};
pub use trace::Traceparent;
