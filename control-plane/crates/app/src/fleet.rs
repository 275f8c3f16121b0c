//! Use cases of the fleet: what staff ask for. Tenants are changed by operations only, which the
//! [`crate::worker`] carries out.

mod approvals;
mod groups;
pub(crate) mod keyed;
mod operations;
mod placement;
mod servers;
mod tenants;
mod watch;

use std::sync::Arc;

use clock::Clock;
use cp_store::{AuditActor, StoreError, seal::Sealer};
use db::CentralDb;
use kernel::{OperationId, RequestId, StaffId};
use tokio::sync::Notify;

use crate::{links::Links, push::Pushes};

pub use approvals::{
    ApprovalError, Suspend, Suspension, approve, decline, find_approval, list_approvals, suspend,
    waits,
};
pub use cp_store::{
    Approval, AuditEntry, CountedGroup, CountedServer, ListedOperation, ListedTenant,
    OperationFilter, PlacementGroup, Server, TenantFilter,
};
pub use groups::{AddGroupError, add_group, list_groups};
pub use keyed::{KeyError, Keyed};
pub use operations::{
    OperationError, OperationPage, cancel_operation, find_operation, list_operations,
    retry_operation,
};
pub(crate) use placement::plan_sweep_account;
pub use servers::{AddServer, AddServerError, add_server, list_servers};
pub use tenants::{
    Accepted, Architect, CreateTenant, CreateTenantError, DEFAULT_GROUP, DEFAULT_PLAN,
    NewestSchema, ProvisionInput, ServiceError, TenantPage, create_tenant, find_tenant,
    list_tenants, newest_schema, resume_tenant, suspend_tenant,
};
pub use watch::{OperationWatch, watch_operation};

/// What the use cases of the fleet work with. Clones share everything.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// The central database.
    pub central: CentralDb,
    /// The clock.
    pub clock: Clock,
    /// Seals passwords.
    pub sealer: Arc<Sealer>,
    /// Tells other processes.
    pub pushes: Pushes,
    /// Makes the addresses of tenants.
    pub links: Links,
    /// Wakes the worker of this process.
    pub nudge: Arc<Notify>,
}

/// Who asks, for the audit log.
#[derive(Debug, Clone)]
pub struct Requester {
    /// The member of staff; none for a command on the server.
    pub staff: Option<StaffId>,
    /// The request.
    pub request_id: Option<RequestId>,
}

impl Requester {
    /// A command on the server.
    #[must_use]
    pub const fn system() -> Self {
        Self {
            staff: None,
            request_id: None,
        }
    }

    pub(crate) fn actor(&self) -> AuditActor {
        self.staff.map_or(AuditActor::System, AuditActor::Staff)
    }
}

impl Fleet {
    /// Tells workers, here and elsewhere, and whoever watches, that an operation has changed.
    pub(crate) async fn operation_changed(&self, operation: OperationId) {
        self.nudge.notify_one();
        self.pushes.operation_changed(operation).await;
    }

    /// Remembers who did what, in the transaction that does it.
    async fn remember(
        &self,
        tx: &sea_orm::DatabaseTransaction,
        requester: &Requester,
        event: Act,
    ) -> Result<(), StoreError> {
        let event = cp_store::AuditEvent {
            actor: requester.actor(),
            action: event.action,
            tenant: event.tenant,
            object: event.object,
            detail: event.detail,
            request_id: requester
                .request_id
                .as_ref()
                .map(|id| id.as_str().to_owned()),
        };
        cp_store::AuditStore::insert(tx, self.clock.new_uuid(), event, self.clock.now()).await
    }
}

/// Something done, for the audit log.
struct Act {
    action: &'static str,
    tenant: Option<kernel::TenantId>,
    object: Option<uuid::Uuid>,
    detail: serde_json::Value,
}
