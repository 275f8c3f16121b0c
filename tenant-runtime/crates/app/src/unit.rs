//! One write: a transaction with its events and, when keyed, its stored answer; run again when
//! MariaDB breaks a deadlock.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use clock::Clock;
use db::TenantDb;
use kernel::{RequestContext, TypedId, WorkItemId};
use sea_orm::DatabaseTransaction;
use tr_domain::access::Viewer;
use tr_domain::event::{Event, EventPayload};
use tr_domain::notifications::NotificationId;
use tr_store::outbox::{self, Entry, Whisper};
use tr_store::{StoreError, epochs, locks};

use crate::error::UseCaseError;
use crate::events::dispatch;
use crate::idempotency::{self, Keyed, Outcome, Reservation};
use crate::trace;

/// How often a write is tried before its deadlock is reported.
const ATTEMPTS: u32 = 8;
/// How often when locks were waited for in vain: each has cost seconds.
const ATTEMPTS_AFTER_WAIT: u32 = 2;

/// The transaction that a use case works in.
pub(crate) struct Unit<'a> {
    /// Caller and request.
    pub ctx: &'a RequestContext,
    /// The caller as access sees them.
    pub viewer: Viewer,
    tx: DatabaseTransaction,
    /// The grids whose locks are held, in the order in which they are locked.
    grids: BTreeSet<WorkItemId>,
    events: Vec<Event>,
    whispers: Vec<Whisper>,
}

impl Unit<'_> {
    /// Where statements run.
    pub(crate) const fn conn(&self) -> &DatabaseTransaction {
        &self.tx
    }

    /// The time of the request.
    pub(crate) const fn now(&self) -> DateTime<Utc> {
        self.ctx.now
    }

    /// Locks grids for a change of what is in them. When something changes, what was computed from
    /// them before is not given any more.
    pub(crate) async fn lock_grids(&mut self, grids: &[WorkItemId]) -> Result<(), StoreError> {
        locks::lock_grids(&self.tx, grids).await?;
        self.grids.extend(grids);
        Ok(())
    }

    /// Whether what is in a grid, and its row, may be changed here.
    pub(crate) fn holds(&self, grid: WorkItemId) -> bool {
        self.grids.contains(&grid)
    }

    /// Notes an event; one without a change is none.
    pub(crate) fn emit(&mut self, event: Event) {
        if !event.changes.is_empty() {
            self.events.push(event);
        }
    }

    /// Notes that a notification of the caller's changed, for their other windows.
    pub(crate) fn whisper(&mut self, kind: &'static str, notification: NotificationId) {
        self.whispers.push(Whisper {
            id: Clock::system().new_uuid(),
            kind,
            notification,
            member: self.viewer.member,
        });
    }

    async fn commit(self) -> Result<(), StoreError> {
        let Self {
            ctx,
            tx,
            grids,
            events,
            whispers,
            ..
        } = self;
        if !events.is_empty() {
            for grid in grids {
                epochs::bump(&tx, grid).await?;
            }
        }
        let entries = events
            .into_iter()
            .map(|event| Entry {
                id: Clock::system().new_uuid(),
                kind: event.kind,
                classes: dispatch::classes(event.kind),
                payload: EventPayload::new(event, ctx.actor.member, ctx.request_id.to_string()),
            })
            .collect();
        let trace = trace::current();
        outbox::append(&tx, entries, ctx.now, trace.as_deref()).await?;
        outbox::whisper(&tx, &whispers, ctx.now).await?;
        Ok(tx.commit().await?)
    }
}

/// A new id.
pub(crate) fn new_id<I: TypedId>() -> I {
    Clock::system().new_id()
}

/// Runs a write that carries no key. `prepare` reads, outside the transaction, what must be known
/// to lock; `work` gets it, and does everything else.
pub(crate) async fn write<P, V, E: UseCaseError>(
    ctx: &RequestContext,
    db: &TenantDb,
    prepare: impl AsyncFn() -> Result<P, E>,
    work: impl AsyncFn(&mut Unit<'_>, P) -> Result<V, E>,
) -> Result<V, E> {
    match keyed(ctx, db, None, prepare, work).await? {
        Outcome::Done(value) => Ok(value),
        // Without a key nothing is replayed.
        Outcome::Replayed(_) => Err(StoreError::Stale.into()),
    }
}

/// Runs a write that may carry a key.
pub(crate) async fn keyed<P, V, E: UseCaseError>(
    ctx: &RequestContext,
    db: &TenantDb,
    key: Option<Keyed<'_, V>>,
    prepare: impl AsyncFn() -> Result<P, E>,
    work: impl AsyncFn(&mut Unit<'_>, P) -> Result<V, E>,
) -> Result<Outcome<V>, E> {
    let mut attempt = 1;
    loop {
        match attempt_once(ctx, db, key.as_ref(), &prepare, &work).await {
            Ok(Some(outcome)) => return Ok(outcome),
            // The key had expired and was forgotten.
            Ok(None) if attempt < ATTEMPTS => {}
            Ok(None) => return Err(StoreError::Stale.into()),
            Err(error) => {
                let again = error.store().is_some_and(|store| {
                    let most = if store.is_lock_wait() {
                        ATTEMPTS_AFTER_WAIT
                    } else {
                        ATTEMPTS
                    };
                    store.is_retryable() && attempt < most
                });
                if !again {
                    return Err(error);
                }
                tracing::debug!(tenant = %ctx.tenant.tenant, attempt, "a write is tried again");
            }
        }
        attempt += 1;
    }
}

async fn attempt_once<P, V, E: UseCaseError>(
    ctx: &RequestContext,
    db: &TenantDb,
    key: Option<&Keyed<'_, V>>,
    prepare: &impl AsyncFn() -> Result<P, E>,
    work: &impl AsyncFn(&mut Unit<'_>, P) -> Result<V, E>,
) -> Result<Option<Outcome<V>>, E> {
    let prepared = prepare().await?;
    let tx = db.begin().await.map_err(StoreError::from)?;
    let mut unit = Unit {
        ctx,
        viewer: Viewer::of(&ctx.actor),
        tx,
        grids: BTreeSet::new(),
        events: Vec::new(),
        whispers: Vec::new(),
    };
    let result = in_transaction(&mut unit, key, prepared, work).await;
    match result {
        Ok(Some(value)) => {
            unit.commit().await?;
            Ok(Some(Outcome::Done(value)))
        }
        Ok(None) => {
            roll_back(unit).await?;
            let Some(key) = key else { return Ok(None) };
            let stored = idempotency::lookup::<E>(db.conn(), &key.request, ctx.now).await?;
            Ok(stored.map(Outcome::Replayed))
        }
        Err(error) => {
            roll_back(unit).await?;
            Err(error)
        }
    }
}

/// The value, or none when the key is taken.
async fn in_transaction<P, V, E: UseCaseError>(
    unit: &mut Unit<'_>,
    key: Option<&Keyed<'_, V>>,
    prepared: P,
    work: &impl AsyncFn(&mut Unit<'_>, P) -> Result<V, E>,
) -> Result<Option<V>, E> {
    if let Some(key) = key {
        let reserved = idempotency::reserve::<E>(unit.conn(), &key.request, unit.now()).await?;
        if matches!(reserved, Reservation::Taken) {
            return Ok(None);
        }
    }
    let value = work(unit, prepared).await?;
    if let Some(key) = key {
        idempotency::record(unit.conn(), &key.request, &(key.answer)(&value)).await?;
    }
    Ok(Some(value))
}

async fn roll_back(unit: Unit<'_>) -> Result<(), StoreError> {
    Ok(unit.tx.rollback().await?)
}
