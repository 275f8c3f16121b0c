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

/// What becomes of dead messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterFate {
    /// They are sent again. Only envelopes are.
    Redrive,
    /// They are let be.
    Discard,
}

impl LetterFate {
    const fn state(self) -> &'static str {
        match self {
            Self::Redrive => "redriving",
            Self::Discard => "discarded",
        }
    }

    /// Which one can have it: a discarded one can still be sent again, and one that no worker has
    /// sent again yet can still be let be.
    const fn of_one(self) -> &'static str {
        match self {
            Self::Redrive => " AND d.state IN ('dead', 'discarded') AND d.event_id IS NOT NULL",
            Self::Discard => " AND d.state IN ('dead', 'redriving')",
        }
    }

    /// Which ones have it when it is for many: what was decided of one stays.
    const fn of_many(self) -> &'static str {
        match self {
            Self::Redrive => " AND d.state = 'dead' AND d.event_id IS NOT NULL",
            Self::Discard => " AND d.state = 'dead'",
        }
    }
}

impl DeadLetterStore {
    /// Decides what becomes of one; false when its state does not allow it, or it is no envelope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn decide(
        tx: &DatabaseTransaction,
        fate: LetterFate,
        id: Uuid,
        by: Option<StaffId>,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let only = format!(" AND d.id = ?{}", fate.of_one());
        let changed = change(tx, fate, (by, at), &only, vec![id.into()]).await?;
        Ok(changed > 0)
    }

    /// Decides what becomes of all dead ones that the filter takes; answers of how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn decide_all(
        tx: &DatabaseTransaction,
        fate: LetterFate,
        filter: &DeadLetterFilter,
        by: Option<StaffId>,
        at: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let (mut only, values) = filter.conditions();
        only.push_str(fate.of_many());
        change(tx, fate, (by, at), &only, values).await
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
    fate: LetterFate,
    (by, at): (Option<StaffId>, DateTime<Utc>),
    only: &str,
    of: Vec<Value>,
) -> Result<u64, StoreError> {
    let text = format!(
        "UPDATE dead_letters d SET d.state = ?, d.changed_at = ?, d.changed_by = ?, \
         d.lease_until = NULL, d.failure = NULL WHERE TRUE{only}"
    );
    let by = by.map(StaffId::as_uuid);
    let mut values: Vec<Value> = vec![fate.state().into(), at.into(), by.into()];
    values.extend(of);
    let statement = Statement::from_sql_and_values(DbBackend::MySql, text, values);
    Ok(tx.execute_raw(statement).await?.rows_affected())
}
