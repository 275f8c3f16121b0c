//! Tenants, where they live and what they are called.

mod names;
mod placement;
mod slug;
mod tenant;

pub use names::{DatabaseNames, OpaqueName, opaque_name, sweep_user};
pub use placement::{NoRoom, ServerLoad, choose_server};
pub use slug::{InvalidSlug, Slug};
pub use tenant::{Tenant, TenantState, UnknownTenantState};
