//! What a worker that holds the lease writes.

use std::time::Duration;

use chrono::{DateTime, Utc};
use cp_domain::{OperationState, StepState};
use kernel::OperationId;
use sea_orm::{ConnectionTrait, Value};

use super::OperationStore;
use crate::{StoreError, sql};

/// The right to write about an operation. The database's clock decides how long it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The operation.
    pub operation: OperationId,
    /// The number of this lease.
    pub fence: u32,
}

/// A change of one step.
#[derive(Debug, Clone)]
pub struct StepChange {
    /// Its place, from 1.
    pub ordinal: u8,
    /// Where it is now.
    pub state: StepState,
    /// Why it failed.
    pub error: Option<String>,
}

impl OperationStore {
    /// Takes the operation for a while, unless another worker has it; answers the number of the
    /// lease.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take(
        conn: &impl ConnectionTrait,
        operation: OperationId,
        owner: &str,
        length: Duration,
        now: DateTime<Utc>,
    ) -> Result<Option<Lease>, StoreError> {
        let taken = conn
            .execute_raw(sql::statement(
                "UPDATE operations SET fence = LAST_INSERT_ID(fence + 1), lease_owner = ?, \
                 lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, \
                 started_at = COALESCE(started_at, ?), \
                 state = IF(state = 'queued', 'running', state) \
                 WHERE id = ? AND state IN ('queued', 'running', 'undoing') \
                 AND (lease_until IS NULL OR lease_until < UTC_TIMESTAMP(6))",
                [
                    owner.into(),
                    micros(length),
                    now.into(),
                    operation.as_uuid().into(),
                ],
            ))
            .await?;
        let fence = u32::try_from(taken.last_insert_id()).unwrap_or_default();
        Ok((taken.rows_affected() == 1).then_some(Lease { operation, fence }))
    }

    /// Holds the lease for longer; answers false when it is lost.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn beat(
        conn: &impl ConnectionTrait,
        lease: Lease,
        length: Duration,
    ) -> Result<bool, StoreError> {
        let held = sql::execute(
            conn,
            "UPDATE operations SET lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND \
             WHERE id = ? AND fence = ?",
            [
                micros(length),
                lease.operation.as_uuid().into(),
                lease.fence.into(),
            ],
        );
        Ok(held.await? == 1)
    }

    /// Writes what came of a step and what begins now, and holds the lease for longer; answers
    /// false, and writes nothing, when the lease is lost or the operation has left `state`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn advance(
        conn: &impl ConnectionTrait,
        lease: Lease,
        state: OperationState,
        steps: &[StepChange],
        length: Duration,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let held = sql::execute(
            conn,
            "UPDATE operations SET lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND \
             WHERE id = ? AND fence = ? AND state = ?",
            [
                micros(length),
                lease.operation.as_uuid().into(),
                lease.fence.into(),
                state.as_str().into(),
            ],
        );
        if held.await? != 1 {
            return Ok(false);
        }
        write_steps(conn, lease, steps, now).await?;
        Ok(true)
    }

    /// Writes what came of a step, gives the lease back and leaves the operation in `to`: at rest,
    /// or, with a `pause`, to be taken up again after it. Answers false, and writes nothing, when
    /// the lease is lost or the operation has left `from`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release(
        conn: &impl ConnectionTrait,
        lease: Lease,
        (from, to): (OperationState, OperationState),
        steps: &[StepChange],
        pause: Duration,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let finished_at = to.is_at_rest().then_some(now);
        let held = sql::execute(
            conn,
            "UPDATE operations SET state = ?, finished_at = ?, lease_owner = NULL, \
             lease_until = IF(? = 0, NULL, UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND) \
             WHERE id = ? AND fence = ? AND state = ?",
            [
                to.as_str().into(),
                finished_at.into(),
                micros(pause),
                micros(pause),
                lease.operation.as_uuid().into(),
                lease.fence.into(),
                from.as_str().into(),
            ],
        );
        if held.await? != 1 {
            return Ok(false);
        }
        write_steps(conn, lease, steps, now).await?;
        Ok(true)
    }
}

async fn write_steps(
    conn: &impl ConnectionTrait,
    lease: Lease,
    steps: &[StepChange],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for step in steps {
        let begins = step.state == StepState::Running;
        let error: Option<String> = step.error.as_ref().map(|e| e.chars().take(1000).collect());
        sql::execute(
            conn,
            "UPDATE operation_steps SET state = ?, attempts = attempts + ?, \
             started_at = IF(?, ?, started_at), finished_at = IF(?, NULL, ?), error = ? \
             WHERE operation_id = ? AND ordinal = ?",
            [
                step.state.as_str().into(),
                u16::from(begins).into(),
                begins.into(),
                now.into(),
                begins.into(),
                now.into(),
                error.into(),
                lease.operation.as_uuid().into(),
                step.ordinal.into(),
            ],
        )
        .await?;
    }
    Ok(())
}

fn micros(length: Duration) -> Value {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX).into()
}
