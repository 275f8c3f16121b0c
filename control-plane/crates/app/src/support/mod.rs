//! Support access: a member of staff looks into a tenant, with its consent.
//!
//! Staff ask and say why; an architect of the tenant consents for a time, in the tenant's own
//! database. Only then does the member of staff get in, by a session of its own kind that reads
//! and does nothing else. Both rows are read whenever such a session is used: taking the consent
//! back ends it at once, and no row of the central database alone lets anybody in.

mod consent;
mod door;
mod enter;
mod request;

pub use consent::{decline, grant, list_for_tenant, list_visits, withdraw};
pub use cp_store::{SupportAccess, SupportFilter, SupportVisit};
pub use door::{SupportDoor, SupportGuest};
pub use enter::{Entrance, SupportSignedIn, enter, leave, redeem};
pub use request::{NewRequest, end, find, list, request};

use cp_domain::SupportState;
use cp_store::{RouteStore, StoreError};
use db::{DbError, TenantDb};
use kernel::TenantId;

use crate::{Auth, fleet::KeyError, mail::QueueError, step_up::StepUpRequired};

/// Why access is not asked for, given or used.
#[derive(Debug, thiserror::Error)]
pub enum SupportError {
    /// There is no such tenant or request, or the caller may not know of it.
    #[error("there is no such thing")]
    NotFound,
    /// Only architects of the tenant answer, by a session.
    #[error("only architects consent")]
    Forbidden,
    /// An answer needs a recent confirmation.
    #[error(transparent)]
    StepUp(#[from] StepUpRequired),
    /// It is not in a state in which this can be done.
    #[error("the request is {}", .0.as_str())]
    State(SupportState),
    /// The same member of staff has asked already.
    #[error("a request of the same member of staff is open")]
    Open,
    /// It is asked for by nobody: a command on the server has no account.
    #[error("access is for a member of staff")]
    Nobody,
    /// The request's key came with another body before.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The mail cannot be queued.
    #[error(transparent)]
    Mail(#[from] QueueError),
    /// The tenant's database cannot be had.
    #[error(transparent)]
    Tenant(#[from] DbError),
    /// A database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The tenant's own database.
async fn tenant_db(auth: &Auth, tenant: TenantId) -> Result<TenantDb, SupportError> {
    let route = RouteStore::find(auth.central.conn(), tenant).await?;
    let route = route.ok_or(SupportError::NotFound)?;
    Ok(auth.pools.get(&route.context()).await?)
}
