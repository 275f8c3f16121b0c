//! Taking a tenant out of service and putting it back.

use cp_domain::{Operation, OperationKind, OperationState, TenantState};
use cp_store::{MembershipStore, OperationStore, StoreError, TenantStore};
use kernel::TenantId;
use sea_orm::DatabaseTransaction;
use serde_json::json;

use super::Accepted;
use crate::fleet::{
    Act, Fleet, KeyError, Keyed, Requester,
    keyed::{keep, kept},
};

/// An operation, the state that it aims at, and its name in the audit log.
type Wanted = (OperationKind, TenantState, &'static str);

const SUSPEND: Wanted = (
    OperationKind::Suspend,
    TenantState::Suspended,
    "tenant.suspend",
);
const RESUME: Wanted = (OperationKind::Resume, TenantState::Active, "tenant.resume");

/// Why a tenant's service is not changed.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// There is no such tenant.
    #[error("there is no such tenant")]
    Unknown,
    /// It is in a state from which this cannot be done.
    #[error("a tenant that is {0} cannot be so changed")]
    State(TenantState),
    /// Another operation is under way.
    #[error("another operation of the tenant is not over")]
    Busy,
    /// The request's key came with another body before.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing(_) => Self::Unknown,
            other => Self::Store(other),
        }
    }
}

/// Writes down an operation that takes the tenant out of service.
///
/// # Errors
/// When it is not in service or something else is being done to it.
pub async fn suspend_tenant(
    fleet: &Fleet,
    requester: &Requester,
    tenant: TenantId,
    reason: &str,
    keyed: Option<&Keyed>,
) -> Result<Accepted, ServiceError> {
    let detail = json!({ "reason": reason });
    write(fleet, (requester, keyed), tenant, SUSPEND, detail).await
}

/// As [`suspend_tenant`], in a transaction of the caller, which has locked the tenant. After the
/// commit the caller says that there is an operation.
pub(in crate::fleet) async fn suspend_in(
    fleet: &Fleet,
    tx: &DatabaseTransaction,
    requester: &Requester,
    tenant: TenantId,
    reason: &str,
) -> Result<Accepted, ServiceError> {
    let detail = json!({ "reason": reason });
    write_in(fleet, tx, requester, tenant, SUSPEND, detail).await
}

/// Writes down an operation that puts the tenant back into service.
///
/// # Errors
/// When it is not suspended or something else is being done to it.
pub async fn resume_tenant(
    fleet: &Fleet,
    requester: &Requester,
    tenant: TenantId,
    keyed: Option<&Keyed>,
) -> Result<Accepted, ServiceError> {
    write(fleet, (requester, keyed), tenant, RESUME, json!({})).await
}

async fn write(
    fleet: &Fleet,
    (requester, keyed): (&Requester, Option<&Keyed>),
    id: TenantId,
    wanted: Wanted,
    detail: serde_json::Value,
) -> Result<Accepted, ServiceError> {
    if let Some(accepted) = kept(fleet, keyed).await? {
        return Ok(accepted);
    }
    let tx = fleet.central.begin().await.map_err(StoreError::from)?;
    // Of two requests at once, the second sees the operation of the first.
    MembershipStore::lock_tenant(&tx, id).await?;
    let accepted = write_in(fleet, &tx, requester, id, wanted, detail).await?;
    keep(fleet, &tx, keyed, 202, &accepted).await?;
    tx.commit().await.map_err(StoreError::from)?;
    fleet.operation_changed(accepted.operation_id).await;
    Ok(accepted)
}

async fn write_in(
    fleet: &Fleet,
    tx: &DatabaseTransaction,
    requester: &Requester,
    id: TenantId,
    (kind, aim, action): Wanted,
    detail: serde_json::Value,
) -> Result<Accepted, ServiceError> {
    let tenant = TenantStore::get(tx, id).await?;
    if OperationStore::has_open(tx, id).await? {
        return Err(ServiceError::Busy);
    }
    let from = if kind == OperationKind::Resume {
        TenantState::Suspended
    } else {
        tenant.state
    };
    if tenant.state != from || !tenant.state.may_become(aim) {
        return Err(ServiceError::State(tenant.state));
    }
    let operation = Operation {
        id: fleet.clock.new_id(),
        kind,
        tenant: id,
        state: OperationState::Queued,
        input: detail.to_string(),
        requested_by: requester.staff,
        fence: 0,
        steps: Operation::new_steps(kind),
        created_at: fleet.clock.now(),
        started_at: None,
        finished_at: None,
    };
    OperationStore::insert(tx, &operation).await?;
    let act = Act {
        action,
        tenant: Some(id),
        object: Some(operation.id.as_uuid()),
        detail,
    };
    fleet.remember(tx, requester, act).await?;
    Ok(Accepted {
        tenant_id: id,
        operation_id: operation.id,
    })
}
