//! One tenant's part of a batch, in one transaction with its being done.

use std::collections::BTreeMap;

use broker::{Incoming, Verdict};
use clock::Clock;
use db::TenantDb;
use futures_util::future::join_all;
use kernel::TenantContext;
use sea_orm::{DatabaseTransaction, DbErr, IsolationLevel, TransactionTrait};
use tr_store::{RowId, StoreError, handling};
use tracing::Instrument as _;

use super::{
    Effect, Work, Writing,
    check::{row, rows, sort},
};

/// How often a transaction is run again that lost against another.
const TRIES: usize = 3;

/// The effect could not be committed; nothing of it was.
#[derive(Debug, thiserror::Error)]
enum EffectError {
    /// The database is not there or too busy: nobody's fault.
    #[error("the tenant's database is not available: {0}")]
    Unavailable(StoreError),
    /// A statement was refused.
    #[error("the effect could not be written: {0}")]
    Statement(StoreError),
    /// Rows that were locked were done by someone else, which cannot be.
    #[error("done by another consumer at the same time")]
    Overtaken,
    /// The effect said nothing of some of its work.
    #[error("{0} messages were left without a verdict")]
    Silent(usize),
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

/// Gives one tenant's messages their effect.
pub(super) struct Batch<'a, E> {
    pub(super) tenant: TenantContext,
    pub(super) db: &'a TenantDb,
    pub(super) clock: &'a Clock,
    pub(super) effect: &'a E,
}

/// What came of acting, by row.
type Acted<E> = BTreeMap<RowId, <E as Effect>::Acted>;

impl<E: Effect> Batch<'_, E> {
    const CLASS: &'static str = E::CLASS.name();

    /// A verdict for each message.
    pub(super) async fn handle(&self, messages: &[&Incoming]) -> Vec<Verdict> {
        let mut acted = match self.before(messages).await {
            Ok(acted) => acted,
            Err(error) => return vec![Verdict::Retry(error.to_string()); messages.len()],
        };
        let verdicts = match self.apply(messages, &mut acted).await {
            Ok(verdicts) => verdicts,
            // One of them may be to blame: each for itself then.
            Err(EffectError::Statement(_)) if messages.len() > 1 => {
                let mut verdicts = Vec::with_capacity(messages.len());
                for message in messages {
                    let alone = self.apply(std::slice::from_ref(message), &mut acted);
                    match alone.await {
                        Ok(verdict) => verdicts.extend(verdict),
                        Err(error) => verdicts.push(Verdict::Retry(error.to_string())),
                    }
                }
                verdicts
            }
            Err(error) => vec![Verdict::Retry(error.to_string()); messages.len()],
        };
        self.note_the_dead(messages, &verdicts).await;
        verdicts
    }

    /// Takes jobs up, and does what is done outside.
    async fn before(&self, messages: &[&Incoming]) -> Result<Acted<E>, EffectError> {
        let (rows, now) = (rows(messages), self.clock.now());
        handling::take_jobs(self.db.conn(), Self::CLASS, &rows, now).await?;
        if !E::ACTS {
            return Ok(Acted::<E>::new());
        }
        let found = handling::read(self.db.conn(), Self::CLASS, &rows).await?;
        let (_, fresh) = sort(messages, found);
        let acts = fresh.into_iter().map(|(place, work)| {
            let span = messages.get(place).map(|message| self.span(message));
            let acting = async move {
                let acted = self.effect.act(&self.tenant, self.db, &work).await;
                (work.row, acted)
            };
            acting.instrument(span.unwrap_or_else(tracing::Span::none))
        });
        // All at once: one that takes long costs the others its time once, not their turn as well.
        Ok(join_all(acts).await.into_iter().collect())
    }

    async fn apply(
        &self,
        messages: &[&Incoming],
        acted: &mut Acted<E>,
    ) -> Result<Vec<Verdict>, EffectError> {
        let mut tries = 1;
        loop {
            match self.commit(messages, acted).await {
                Err(EffectError::Unavailable(error)) if error.is_retryable() && tries < TRIES => {
                    tries += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// Commits the effect of the messages that have had none, and tells what became of each.
    async fn commit(
        &self,
        messages: &[&Incoming],
        acted: &mut Acted<E>,
    ) -> Result<Vec<Verdict>, EffectError> {
        // Locks are on rows only: a row that is not there must not keep writers waiting.
        let level = Some(IsolationLevel::ReadCommitted);
        let tx = self.db.conn().begin_with_config(level, None).await?;
        let found = handling::claim(&tx, Self::CLASS, &rows(messages)).await?;
        let (mut verdicts, fresh) = sort(messages, found);
        let (places, work): (Vec<usize>, Vec<_>) = fresh
            .into_iter()
            .map(|(place, work)| {
                let acted = acted.remove(&work.row).unwrap_or_default();
                (place, (work, acted))
            })
            .unzip();
        let written = self.write(&tx, &work).await;
        let written = match written {
            Ok(written) => tx
                .commit()
                .await
                .map_err(EffectError::from)
                .map(|()| written),
            Err(error) => Err(error),
        };
        let rows = work.iter().map(|(work, _)| work.row);
        let written = match written {
            Ok(written) => written,
            Err(error) => {
                // Not to be done twice: the next try has it.
                let rows: Vec<RowId> = rows.collect();
                let kept = rows
                    .into_iter()
                    .zip(work.into_iter().map(|(_, acted)| acted));
                acted.extend(kept);
                return Err(error);
            }
        };
        self.measure(messages, &places, &written);
        for (place, verdict) in places.into_iter().zip(written) {
            if let Some(slot) = verdicts.get_mut(place) {
                *slot = verdict;
            }
        }
        Ok(verdicts)
    }

    async fn write(
        &self,
        tx: &DatabaseTransaction,
        work: &[(Work, E::Acted)],
    ) -> Result<Vec<Verdict>, EffectError> {
        if work.is_empty() {
            return Ok(Vec::new());
        }
        let (tenant, now) = (self.tenant, self.clock.now());
        let verdicts = self
            .effect
            .write(&Writing { tenant, tx, now }, work)
            .await?;
        if verdicts.len() != work.len() {
            return Err(EffectError::Silent(work.len().abs_diff(verdicts.len())));
        }
        let of = |wanted: fn(&Verdict) -> bool| {
            let pairs = work.iter().zip(&verdicts);
            let rows = pairs.filter(|(_, verdict)| wanted(verdict));
            rows.map(|((work, _), _)| work.row).collect::<Vec<_>>()
        };
        let done = of(|verdict| *verdict == Verdict::Done);
        if handling::mark_done(tx, Self::CLASS, &done, now).await? != done.len() as u64 {
            return Err(EffectError::Overtaken);
        }
        let dead = of(|verdict| matches!(verdict, Verdict::Dead(_)));
        handling::mark_dead(tx, Self::CLASS, &dead, now).await?;
        Ok(verdicts)
    }

    /// What failed for the last time is dead; its row says so if it can, so that it is not sent
    /// again for lost.
    async fn note_the_dead(&self, messages: &[&Incoming], verdicts: &[Verdict]) {
        let last = messages.iter().zip(verdicts).filter(|(message, verdict)| {
            matches!(verdict, Verdict::Retry(_)) && message.attempt >= E::CLASS.spec().attempts
        });
        let rows: Vec<RowId> = last.map(|(message, _)| row(message)).collect();
        if rows.is_empty() {
            return;
        }
        let now = self.clock.now();
        let noted = handling::mark_dead(self.db.conn(), Self::CLASS, &rows, now).await;
        if let Err(error) = noted {
            tracing::warn!(%error, tenant.id = %self.tenant.tenant, "dead messages are not noted");
        }
    }

    /// The span of one message's effect, part of the trace of the request that caused it.
    fn span(&self, message: &Incoming) -> tracing::Span {
        let envelope = &message.envelope;
        tracing::info_span!(
            "consume",
            class = Self::CLASS,
            tenant.id = %envelope.tenant,
            kind = envelope.kind,
            attempt = message.attempt,
            traceparent = envelope.traceparent,
        )
    }

    fn measure(&self, messages: &[&Incoming], fresh: &[usize], verdicts: &[Verdict]) {
        let now = self.clock.now();
        let done = fresh.iter().zip(verdicts);
        for (place, _) in done.filter(|(_, verdict)| **verdict == Verdict::Done) {
            let Some(message) = messages.get(*place) else {
                continue;
            };
            let dwell = (now - message.envelope.occurred_at)
                .to_std()
                .unwrap_or_default();
            metrics::histogram!("event_dwell_seconds", "class" => Self::CLASS).record(dwell);
            self.span(message)
                .in_scope(|| tracing::debug!(number = message.envelope.number, "took effect"));
        }
        let repeated = messages.len().saturating_sub(fresh.len()) as u64;
        metrics::counter!("events_done_before_total", "class" => Self::CLASS).increment(repeated);
    }
}
