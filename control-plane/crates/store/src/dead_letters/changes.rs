//! What becomes of dead messages: sent again, or let be. Both can be undone while they are kept.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::StaffId;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, FromQueryResult, Statement, Value};
use uuid::Uuid;

use super::{DeadLetterFilter, DeadLetterStore};
use crate::{StoreError, sql};

/// A message that a worker is to send again.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct LeasedLetter {
    /// The message.
    pub id: Uuid,
    /// Its class.
    pub class: String,
    /// Its body.
    pub body: Vec<u8>,
}

/// A change of state.
struct Change {
    state: &'static str,
    by: Option<StaffId>,
    at: DateTime<Utc>,
}

impl DeadLetterStore {
    /// Has one sent again that is dead or was discarded; false when it is not so, or no envelope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn redrive(
        tx: &DatabaseTransaction,
        id: Uuid,
        by: Option<StaffId>,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let only = " AND d.id = ? AND d.state IN ('dead', 'discarded') AND d.event_id IS NOT NULL";
        let state = "redriving";
        let changed = change(tx, Change { state, by, at }, only, vec![id.into()]).await?;
        Ok(changed > 0)
    }

    /// Has all dead ones sent again that the filter takes and that are envelopes; answers how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn redrive_all(
        tx: &DatabaseTransaction,
        filter: &DeadLetterFilter,
        by: Option<StaffId>,
        at: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let (mut only, values) = filter.conditions();
        only.push_str(" AND d.state = 'dead' AND d.event_id IS NOT NULL");
        let state = "redriving";
        change(tx, Change { state, by, at }, &only, values).await
    }

    /// Lets one be that is dead; false when it is not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn discard(
        tx: &DatabaseTransaction,
        id: Uuid,
        by: Option<StaffId>,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let only = " AND d.id = ? AND d.state = 'dead'";
        let state = "discarded";
        let changed = change(tx, Change { state, by, at }, only, vec![id.into()]).await?;
        Ok(changed > 0)
    }

    /// Lets all dead ones be that the filter takes; answers how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn discard_all(
        tx: &DatabaseTransaction,
        filter: &DeadLetterFilter,
        by: Option<StaffId>,
        at: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let (mut only, values) = filter.conditions();
        only.push_str(" AND d.state = 'dead'");
        let state = "discarded";
        change(tx, Change { state, by, at }, &only, values).await
    }

    /// Takes messages that are to be sent again, also those that a worker took and never came back
    /// with. Workers that do this at the same time take different ones.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lease(
        tx: &DatabaseTransaction,
        ring: &str,
        limit: u32,
        lease: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Vec<LeasedLetter>, StoreError> {
        let due = sql::select::<LeasedLetter, 3>(
            "SELECT id, class, body FROM dead_letters WHERE state = 'redriving' AND ring = ? \
             AND (lease_until IS NULL OR lease_until <= ?) LIMIT ? FOR UPDATE SKIP LOCKED",
            [ring.into(), now.into(), limit.into()],
        );
        let due = due.all(tx).await?;
        for letter in &due {
            let text = "UPDATE dead_letters SET lease_until = ? WHERE id = ?";
            sql::execute(tx, text, [(now + lease).into(), letter.id.into()]).await?;
        }
        Ok(due)
    }

    /// Notes what became of one that was to be sent again: with a failure it is dead as before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settle(
        conn: &impl ConnectionTrait,
        id: Uuid,
        failure: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let state = failure.map_or("redriven", |_| "dead");
        let failure: Option<String> = failure.map(|text| text.chars().take(500).collect());
        sql::execute(
            conn,
            "UPDATE dead_letters SET state = ?, changed_at = ?, failure = ?, lease_until = NULL \
             WHERE id = ? AND state = 'redriving'",
            [state.into(), now.into(), failure.into(), id.into()],
        )
        .await?;
        Ok(())
    }

    /// Deletes some that were sent again or discarded before then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge(
        conn: &impl ConnectionTrait,
        before: DateTime<Utc>,
        most: u32,
    ) -> Result<u64, StoreError> {
        sql::execute(
            conn,
            "DELETE FROM dead_letters WHERE state IN ('redriven', 'discarded') \
             AND changed_at < ? LIMIT ?",
            [before.into(), most.into()],
        )
        .await
    }
}

async fn change(
    tx: &DatabaseTransaction,
    change: Change,
    only: &str,
    of: Vec<Value>,
) -> Result<u64, StoreError> {
    let text = format!(
        "UPDATE dead_letters d SET d.state = ?, d.changed_at = ?, d.changed_by = ?, \
         d.lease_until = NULL, d.failure = NULL WHERE TRUE{only}"
    );
    let by = change.by.map(StaffId::as_uuid);
    let mut values: Vec<Value> = vec![change.state.into(), change.at.into(), by.into()];
    values.extend(of);
    let statement = Statement::from_sql_and_values(DbBackend::MySql, text, values);
    Ok(tx.execute_raw(statement).await?.rows_affected())
}
