//! Operations and their steps. A worker writes only under the number of its lease, the fence:
//! once another worker has taken the operation over, nothing that the first one says counts.

mod progress;
mod rows;

use cp_domain::{Operation, OperationKind, OperationState};
use kernel::{Limit, OperationId, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sql};

pub use progress::{Lease, StepChange};
use rows::{COLUMNS, OperationRow, attach_steps};

/// Which operations a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct OperationFilter {
    /// Their state.
    pub state: Option<OperationState>,
    /// Their tenant.
    pub tenant: Option<TenantId>,
    /// Operations before this one.
    pub before: Option<OperationId>,
}

/// An operation with the names of its tenant.
#[derive(Debug, Clone)]
pub struct ListedOperation {
    /// The operation.
    pub operation: Operation,
    /// The tenant's slug.
    pub tenant_slug: String,
    /// The tenant's name.
    pub tenant_name: String,
}

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

#[derive(FromQueryResult)]
struct DurationRow {
    micros: i64,
}

/// The tables `operations` and `operation_steps`.
#[derive(Debug, Clone, Copy)]
pub struct OperationStore;

impl OperationStore {
    /// Writes down an operation and its steps.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        operation: &Operation,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO operations (id, kind, tenant_id, state, input, requested_by, created_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                operation.id.as_uuid().into(),
                operation.kind.as_str().into(),
                operation.tenant.as_uuid().into(),
                operation.state.as_str().into(),
                operation.input.clone().into(),
                operation.requested_by.map(|id| id.as_uuid()).into(),
                operation.created_at.into(),
            ],
        )
        .await?;
        rows::insert_steps(conn, operation).await
    }

    /// The operation with this id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        id: OperationId,
    ) -> Result<Option<ListedOperation>, StoreError> {
        let found = sql::select::<OperationRow, 1>(
            &format!("{COLUMNS} WHERE o.id = ?"),
            [id.as_uuid().into()],
        );
        let found = found.one(conn).await?.into_iter().collect();
        Ok(attach_steps(conn, found).await?.pop())
    }

    /// The operation with this id; nobody changes it until the transaction ends.
    ///
    /// # Errors
    /// When there is none or the database fails.
    pub async fn lock(
        conn: &impl ConnectionTrait,
        id: OperationId,
    ) -> Result<Operation, StoreError> {
        let lock = sql::statement(
            "SELECT id FROM operations WHERE id = ? FOR UPDATE",
            [id.as_uuid().into()],
        );
        conn.query_one_raw(lock)
            .await?
            .ok_or(StoreError::Missing("operation"))?;
        let found = Self::find(conn, id)
            .await?
            .ok_or(StoreError::Missing("operation"))?;
        Ok(found.operation)
    }

    /// Operations, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        filter: &OperationFilter,
        limit: Limit,
    ) -> Result<Vec<ListedOperation>, StoreError> {
        let state = filter.state.map(OperationState::as_str);
        let tenant = filter.tenant.map(TenantId::as_uuid);
        let before = filter.before.map_or(Uuid::max(), OperationId::as_uuid);
        let rows = sql::select::<OperationRow, 6>(
            &format!(
                "{COLUMNS} WHERE o.id < ? AND (? IS NULL OR o.state = ?) \
                 AND (? IS NULL OR o.tenant_id = ?) ORDER BY o.id DESC LIMIT ?"
            ),
            [
                before.into(),
                state.into(),
                state.into(),
                tenant.into(),
                tenant.into(),
                limit.plus_one().into(),
            ],
        );
        attach_steps(conn, rows.all(conn).await?).await
    }

    /// Whether something is being done to the tenant, or was left half done.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_open(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
    ) -> Result<bool, StoreError> {
        let open = sql::statement(
            "SELECT id FROM operations WHERE tenant_id = ? \
             AND state NOT IN ('succeeded', 'cancelled') LIMIT 1",
            [tenant.as_uuid().into()],
        );
        Ok(conn.query_one_raw(open).await?.is_some())
    }

    /// How long the last operations of a kind took that succeeded: the median, in seconds.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn usual_seconds(
        conn: &impl ConnectionTrait,
        kind: OperationKind,
    ) -> Result<Option<f64>, StoreError> {
        let rows = sql::select::<DurationRow, 1>(
            "SELECT TIMESTAMPDIFF(MICROSECOND, started_at, finished_at) AS micros FROM operations \
             WHERE state = 'succeeded' AND kind = ? AND started_at IS NOT NULL \
             ORDER BY id DESC LIMIT 21",
            [kind.as_str().into()],
        );
        let mut micros: Vec<i64> = rows
            .all(conn)
            .await?
            .into_iter()
            .map(|row| row.micros)
            .collect();
        micros.sort_unstable();
        #[expect(
            clippy::cast_precision_loss,
            reason = "microseconds of an operation are few"
        )]
        let seconds = |micros: &i64| *micros as f64 / 1e6;
        Ok(micros.get(micros.len() / 2).map(seconds))
    }

    /// Operations that wait for a worker, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn waiting(
        conn: &impl ConnectionTrait,
        limit: u32,
    ) -> Result<Vec<OperationId>, StoreError> {
        let rows = sql::select::<IdRow, 1>(
            "SELECT id FROM operations WHERE state IN ('queued', 'running', 'undoing') \
             AND (lease_until IS NULL OR lease_until < UTC_TIMESTAMP(6)) ORDER BY id LIMIT ?",
            [limit.into()],
        );
        Ok(rows
            .all(conn)
            .await?
            .into_iter()
            .map(|row| row.id.into())
            .collect())
    }

    /// Takes an operation from one state to another on somebody's request; answers false when it
    /// was in another state.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn turn(
        conn: &impl ConnectionTrait,
        id: OperationId,
        from: OperationState,
        to: OperationState,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE operations SET state = ?, finished_at = NULL WHERE id = ? AND state = ?",
            [
                to.as_str().into(),
                id.as_uuid().into(),
                from.as_str().into(),
            ],
        );
        Ok(changed.await? == 1)
    }
}
