//! The effect of one tenant's events, in one transaction with their being done.

use std::collections::BTreeMap;

use broker::{Incoming, Verdict};
use clock::Clock;
use db::TenantDb;
use kernel::RequestId;
use sea_orm::{DbErr, IsolationLevel, TransactionTrait};
use tr_domain::event::EventPayload;
use tr_store::{
    StoreError,
    activity::ActivityRow,
    handling::{self, Claimed},
};

use super::CLASS;

/// How often a transaction is run again that lost against another.
const TRIES: usize = 3;

/// The effect could not be committed; nothing of it was.
#[derive(Debug, thiserror::Error)]
pub(super) enum EffectError {
    /// The database is not there or too busy: nobody's fault.
    #[error("the tenant's database is not available: {0}")]
    Unavailable(StoreError),
    /// A statement was refused.
    #[error("the activity could not be written: {0}")]
    Statement(StoreError),
    /// Rows that were locked were done by someone else, which cannot be.
    #[error("events were done by another consumer at the same time")]
    Overtaken,
}

impl From<StoreError> for EffectError {
    fn from(error: StoreError) -> Self {
        let lost = matches!(
            error,
            StoreError::Database(DbErr::Conn(_) | DbErr::ConnectionAcquire(_))
        );
        if lost || error.is_busy() {
            Self::Unavailable(error)
        } else {
            Self::Statement(error)
        }
    }
}

impl From<DbErr> for EffectError {
    fn from(error: DbErr) -> Self {
        StoreError::from(error).into()
    }
}

/// Gives events their effect in one tenant's database.
pub(super) struct Effect<'a> {
    pub(super) db: &'a TenantDb,
    pub(super) clock: &'a Clock,
}

impl Effect<'_> {
    /// Commits the effect of the messages that have had none, and tells what became of each.
    pub(super) async fn apply(&self, messages: &[&Incoming]) -> Result<Vec<Verdict>, EffectError> {
        let mut tries = 1;
        loop {
            match self.commit(messages).await {
                Err(EffectError::Unavailable(error)) if error.is_retryable() && tries < TRIES => {
                    tries += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn commit(&self, messages: &[&Incoming]) -> Result<Vec<Verdict>, EffectError> {
        let mut numbers: Vec<u64> = messages
            .iter()
            .map(|message| message.envelope.number)
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        // Locks are on rows only: a number that is not there must not keep writers waiting.
        let level = Some(IsolationLevel::ReadCommitted);
        let tx = self.db.conn().begin_with_config(level, None).await?;
        let claimed = handling::claim(&tx, CLASS, &numbers).await?;
        let claimed: BTreeMap<u64, Claimed> =
            claimed.into_iter().map(|row| (row.number, row)).collect();
        let mut sorted = Sorted::default();
        let verdicts = messages
            .iter()
            .map(|message| sorted.add(message, &claimed))
            .collect();
        let Sorted {
            entries,
            fresh,
            repeated,
        } = sorted;
        let now = self.clock.now();
        handling::write_activity(&tx, entries).await?;
        let done: Vec<u64> = fresh.keys().copied().collect();
        if handling::mark_done(&tx, CLASS, &done, now).await? != done.len() as u64 {
            return Err(EffectError::Overtaken);
        }
        tx.commit().await?;
        for (number, message) in &fresh {
            let dwell = (now - message.envelope.occurred_at)
                .to_std()
                .unwrap_or_default();
            metrics::histogram!("event_dwell_seconds", "class" => CLASS).record(dwell);
            tracing::debug!(
                tenant.id = %message.envelope.tenant,
                number,
                kind = message.envelope.kind,
                traceparent = message.envelope.traceparent,
                "activity written"
            );
        }
        metrics::counter!("events_done_before_total", "class" => CLASS).increment(repeated);
        Ok(verdicts)
    }
}

/// The messages of a batch, sorted by what is to be done with them.
#[derive(Default)]
struct Sorted<'m> {
    entries: Vec<ActivityRow>,
    fresh: BTreeMap<u64, &'m Incoming>,
    repeated: u64,
}

impl<'m> Sorted<'m> {
    fn add(&mut self, message: &'m Incoming, claimed: &BTreeMap<u64, Claimed>) -> Verdict {
        let envelope = &message.envelope;
        let Some(row) = claimed.get(&envelope.number) else {
            return Verdict::Dead(format!("the tenant has no event {}", envelope.number));
        };
        if row.event_id != envelope.id.as_uuid() {
            return Verdict::Dead(format!("event {} is another one", envelope.number));
        }
        if row.done || self.fresh.contains_key(&row.number) {
            self.repeated += 1;
            return Verdict::Done;
        }
        match entries(row) {
            Ok(entries) => {
                self.entries.extend(entries);
                self.fresh.insert(row.number, message);
                Verdict::Done
            }
            Err(reason) => Verdict::Dead(reason),
        }
    }
}

/// One entry per changed field.
fn entries(row: &Claimed) -> Result<Vec<ActivityRow>, String> {
    let payload: EventPayload = serde_json::from_str(&row.payload).map_err(|error| {
        format!(
            "the payload of event {} cannot be read: {error}",
            row.number
        )
    })?;
    if RequestId::parse(&payload.request_id).is_none() {
        return Err(format!("event {} has no proper request id", row.number));
    }
    let changes = payload.changes.into_iter().zip(0_u16..);
    Ok(changes
        .map(|(change, ordinal)| ActivityRow {
            event_number: row.number,
            ordinal,
            occurred_at: row.occurred_at,
            actor_id: payload.actor_id,
            kind: row.kind.clone(),
            object_id: payload.object_id,
            grid_id: payload.grid_id,
            folder_id: payload.folder_id,
            field: change.field,
            old_value: change.old,
            new_value: change.new,
            request_id: payload.request_id.clone(),
        })
        .collect())
}
