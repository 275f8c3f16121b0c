//! What all classes have in common that give events and jobs an effect in tenants' databases.
//!
//! A class says what its effect is, an [`Effect`]; a [`ClassHandler`] does the rest: it takes a
//! batch apart by tenant, has each tenant's part written in one transaction that marks the rows
//! done as well, and says what became of every message. A row that is done already is refused
//! there, which is what makes redeliveries and double publishing harmless.

mod batch;
mod check;
mod class;

use broker::{Class, Verdict};
use chrono::{DateTime, Utc};
use clock::Clock;
use db::{TenantDb, TenantPools};
use kernel::TenantContext;
use sea_orm::DatabaseTransaction;
use serde::de::DeserializeOwned;
use tr_store::{RowId, StoreError, handling::Claimed};
use uuid::Uuid;

use crate::{ActiveTenants, Nudge};
pub use class::ClassHandler;

/// An event or job to give its effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Its row.
    pub row: RowId,
    /// The event's id, or the job's.
    pub id: Uuid,
    /// Its kind.
    pub kind: String,
    /// When it happened, or was due.
    pub occurred_at: DateTime<Utc>,
    /// Its payload, JSON.
    pub payload: String,
    /// How often it was tried, this time included.
    pub attempt: u32,
    /// The trace of the request that caused it.
    pub traceparent: Option<String>,
}

impl Work {
    fn new(row: Claimed, message: &broker::Incoming) -> Self {
        Self {
            row: row.row,
            id: row.id,
            kind: row.kind,
            occurred_at: row.occurred_at,
            payload: row.payload,
            attempt: message.attempt,
            traceparent: message.envelope.traceparent.clone(),
        }
    }

    /// Reads the payload.
    ///
    /// # Errors
    /// That it can never be read, with the reason.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, Verdict> {
        serde_json::from_str(&self.payload)
            .map_err(|error| Verdict::Dead(format!("the payload cannot be read: {error}")))
    }
}

/// Where an effect is written.
#[derive(Debug)]
pub struct Writing<'a> {
    /// Whose.
    pub tenant: TenantContext,
    /// The transaction that marks the rows done as well.
    pub tx: &'a DatabaseTransaction,
    /// The time.
    pub now: DateTime<Utc>,
}

/// What a class does with its events and jobs.
pub trait Effect: Send + Sync + 'static {
    /// The class.
    const CLASS: Class;
    /// Whether anything is done outside the transaction.
    const ACTS: bool = false;
    /// What came of that; `()` where nothing is.
    type Acted: Default + Send + Sync;

    /// Whether this version of the program understands messages of this kind and version. Those
    /// that it does not are dead.
    fn knows(&self, kind: &str, version: u16) -> bool;

    /// Does, before the transaction, what cannot be taken back: sends a request, a mail. A crash
    /// between it and the commit has it done once more. Called for all of a batch at once, which
    /// is settled when the last has returned: it must do so well within a consumer's
    /// [drain](broker::ConsumerOptions::drain). Not called unless [`ACTS`](Self::ACTS).
    fn act(
        &self,
        tenant: &TenantContext,
        db: &TenantDb,
        work: &Work,
    ) -> impl Future<Output = Self::Acted> + Send {
        let _ = (tenant, db, work);
        std::future::ready(Self::Acted::default())
    }

    /// Writes the effect of one tenant's work, and says what became of each, in its order. What is
    /// `Done` is marked so in the same transaction, and what is `Dead`, too; whatever is written
    /// for one to `Retry` is committed with the rest. When it fails nothing is, and each is
    /// written alone then, since one may be to blame. It may be run again after a deadlock.
    fn write(
        &self,
        on: &Writing<'_>,
        work: &[(Work, Self::Acted)],
    ) -> impl Future<Output = Result<Vec<Verdict>, StoreError>> + Send;
}

/// What the handlers of all classes work with.
#[derive(Debug, Clone)]
pub struct Workplace {
    /// The tenants' databases.
    pub pools: TenantPools,
    /// The time.
    pub clock: Clock,
    /// Notes which tenants are active.
    pub active: ActiveTenants,
    /// Tells the relay beside it of room, and of what an effect has scheduled.
    pub nudge: Nudge,
}

impl Workplace {
    /// A handler that gives messages this effect.
    #[must_use]
    pub fn handler<E: Effect>(&self, effect: E) -> ClassHandler<E> {
        ClassHandler::new(self.clone(), effect)
    }
}
