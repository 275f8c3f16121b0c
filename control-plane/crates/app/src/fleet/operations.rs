//! Operations: list, look, retry, cancel.

use std::collections::HashMap;

use cp_domain::{Operation, OperationKind, OperationRuleError, OperationState};
use cp_store::{ListedOperation, OperationFilter, OperationStore, StoreError};
use kernel::{Limit, OperationId};
use serde_json::json;

use super::{
    Act, Fleet, KeyError, Keyed, Requester,
    keyed::{keep, kept},
};

/// Why an operation is not changed.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// There is no such operation.
    #[error("there is no such operation")]
    Unknown,
    /// Its state does not allow it.
    #[error(transparent)]
    Rule(#[from] OperationRuleError),
    /// The request's key came with another body before.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for OperationError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing(_) => Self::Unknown,
            other => Self::Store(other),
        }
    }
}

/// Operations, and how long their kinds usually take.
#[derive(Debug, Clone)]
pub struct OperationPage {
    /// The operations, the newest first; one more than the limit when more follow.
    pub operations: Vec<ListedOperation>,
    /// Seconds by kind.
    pub usual_seconds: HashMap<OperationKind, f64>,
}

/// Operations, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn list_operations(
    fleet: &Fleet,
    filter: &OperationFilter,
    limit: Limit,
) -> Result<OperationPage, StoreError> {
    let operations = OperationStore::list(fleet.central.conn(), filter, limit).await?;
    Ok(OperationPage {
        operations,
        usual_seconds: usual(fleet).await?,
    })
}

/// One operation; none when there is no such one.
///
/// # Errors
/// When the database fails.
pub async fn find_operation(
    fleet: &Fleet,
    id: OperationId,
) -> Result<Option<(ListedOperation, Option<f64>)>, StoreError> {
    let conn = fleet.central.conn();
    let Some(found) = OperationStore::find(conn, id).await? else {
        return Ok(None);
    };
    let usual = OperationStore::usual_seconds(conn, found.operation.kind).await?;
    Ok(Some((found, usual)))
}

/// Has a failed operation go on from the step that failed.
///
/// # Errors
/// When it has not failed.
pub async fn retry_operation(
    fleet: &Fleet,
    requester: &Requester,
    id: OperationId,
    keyed: Option<&Keyed>,
) -> Result<(), OperationError> {
    turn(
        fleet,
        (requester, keyed),
        id,
        "operation.retry",
        Operation::retried,
    )
    .await
}

/// Has what an operation did taken back.
///
/// # Errors
/// When it is over.
pub async fn cancel_operation(
    fleet: &Fleet,
    requester: &Requester,
    id: OperationId,
    keyed: Option<&Keyed>,
) -> Result<(), OperationError> {
    turn(
        fleet,
        (requester, keyed),
        id,
        "operation.cancel",
        Operation::cancelled,
    )
    .await
}

async fn turn(
    fleet: &Fleet,
    (requester, keyed): (&Requester, Option<&Keyed>),
    id: OperationId,
    action: &'static str,
    rule: impl Fn(&Operation) -> Result<OperationState, OperationRuleError>,
) -> Result<(), OperationError> {
    if kept::<OperationId>(fleet, keyed).await?.is_some() {
        return Ok(());
    }
    let tx = fleet.central.begin().await.map_err(StoreError::from)?;
    let operation = OperationStore::lock(&tx, id).await?;
    let state = rule(&operation)?;
    OperationStore::turn(&tx, id, operation.state, state).await?;
    let act = Act {
        action,
        tenant: Some(operation.tenant),
        object: Some(id.as_uuid()),
        detail: json!({ "kind": operation.kind.as_str() }),
    };
    fleet.remember(&tx, requester, act).await?;
    keep(fleet, &tx, keyed, 200, &id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    fleet.operation_changed(id).await;
    Ok(())
}

async fn usual(fleet: &Fleet) -> Result<HashMap<OperationKind, f64>, StoreError> {
    let mut usual = HashMap::new();
    for kind in OperationKind::ALL {
        if let Some(seconds) = OperationStore::usual_seconds(fleet.central.conn(), *kind).await? {
            usual.insert(*kind, seconds);
        }
    }
    Ok(usual)
}
