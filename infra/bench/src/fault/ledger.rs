//! What was acknowledged to whoever wrote, and at the end: what became of it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Result;
use serde::Serialize;
use sqlx::Row as _;

use super::{tenant::Tenant, world::until};
use crate::{report::Bar, statistics::percentile};

/// Rows that are neither done nor dead. Schedules are recomputed by a worker that is not there yet.
const UNDONE: &str = "SELECT COUNT(*) FROM outbox WHERE done_at IS NULL AND dead_at IS NULL \
     AND class <> 'schedule'";
const EVENTS: &str = "SELECT COUNT(*) FROM outbox WHERE class = 'activity'";
const DEAD: &str = "SELECT COUNT(*) FROM outbox WHERE dead_at IS NOT NULL";
/// Events that the log has nothing of. Those without a changed field leave no trace there.
const WITHOUT_EFFECT: &str = "SELECT COUNT(*) FROM outbox o WHERE o.class = 'activity' \
     AND o.dead_at IS NULL AND JSON_LENGTH(o.payload, '$.changes') > 0 \
     AND NOT EXISTS (SELECT 1 FROM activity a WHERE a.event_number = o.number)";
/// Tasks of which nobody was told who is to do them, and tasks that somebody was told of again.
const UNTOLD: &str = "SELECT COUNT(*) FROM work_items w WHERE w.kind = 'task' AND NOT EXISTS \
     (SELECT 1 FROM notifications n WHERE n.object_id = w.id)";
const TOLD_AGAIN: &str = "SELECT COUNT(*) - COUNT(DISTINCT object_id) FROM notifications";
/// Entries beyond those that the events ask for.
const DOUBLED: &str = "SELECT (SELECT COUNT(*) FROM activity) - (SELECT CAST(COALESCE(SUM(\
     JSON_LENGTH(payload, '$.changes')), 0) AS SIGNED) FROM outbox WHERE class = 'activity' \
     AND done_at IS NOT NULL)";

/// What was acknowledged and what was not. Shared by those who write.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    acknowledged: Vec<String>,
    failed: BTreeMap<String, usize>,
    micros: Vec<u64>,
}

/// What the books say when they are closed.
#[derive(Debug, Clone, Serialize)]
pub struct Audit {
    /// Writes that were acknowledged.
    pub acknowledged: usize,
    /// Writes that failed, by what was answered.
    pub failed: BTreeMap<String, usize>,
    /// 99 of 100 writes took at most so long.
    pub write_p99_ms: u64,
    /// Acknowledged writes that are not in the database.
    pub lost: usize,
    /// Writes that are there more than once.
    pub twice: usize,
    /// Events of the activity class.
    pub events: i64,
    /// Rows of the outbox that were neither done nor declared dead in time.
    pub undone: i64,
    /// Rows that were declared dead.
    pub dead: i64,
    /// Events that are done and had no effect.
    pub without_effect: i64,
    /// Effects beyond one per event.
    pub doubled_effects: i64,
    /// Tasks of which nobody was told.
    pub untold: i64,
    /// Notifications beyond one per task.
    pub told_again: i64,
    /// How long it took until everything was done.
    pub settled_after_ms: u128,
}

impl Ledger {
    /// A write was acknowledged.
    pub fn acknowledged(&self, name: String, took: Duration) {
        let mut book = self.book();
        book.acknowledged.push(name);
        book.micros
            .push(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// A write failed.
    pub fn failed(&self, how: String) {
        *self.book().failed.entry(how).or_default() += 1;
    }

    /// How many writes were acknowledged so far.
    pub fn len(&self) -> usize {
        self.book().acknowledged.len()
    }

    /// Waits until everything took effect, but no longer than this, and compares.
    pub async fn close(&self, tenant: &Tenant, limit: Duration) -> Result<Audit> {
        let done = async || (tenant.count(UNDONE).await.ok()? == 0).then_some(());
        // Whoever is late is counted below.
        let settled = until("all events to be done", limit, done).await;
        let settled = settled.map_or(limit, |((), took)| took);
        let names = "SELECT name, COUNT(*) FROM work_items WHERE kind = 'task' GROUP BY name";
        let mut there: HashMap<String, i64> = HashMap::new();
        for row in sqlx::query(names).fetch_all(&tenant.database).await? {
            there.insert(row.try_get(0)?, row.try_get(1)?);
        }
        let (undone, events) = (tenant.count(UNDONE).await?, tenant.count(EVENTS).await?);
        let dead = tenant.count(DEAD).await?;
        let without_effect = tenant.count(WITHOUT_EFFECT).await?;
        let doubled_effects = tenant.count(DOUBLED).await?;
        let (untold, told_again) = (tenant.count(UNTOLD).await?, tenant.count(TOLD_AGAIN).await?);
        let book = self.book();
        let mut micros = book.micros.clone();
        micros.sort_unstable();
        let gone = |name: &&String| !there.contains_key(*name);
        Ok(Audit {
            acknowledged: book.acknowledged.len(),
            failed: book.failed.clone(),
            write_p99_ms: percentile(&micros, 0.99) / 1000,
            lost: book.acknowledged.iter().filter(gone).count(),
            twice: there.values().filter(|count| **count > 1).count(),
            events,
            undone,
            dead,
            without_effect,
            doubled_effects,
            untold,
            told_again,
            settled_after_ms: settled.as_millis(),
        })
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Audit {
    /// The bars that hold whatever happened: what was acknowledged is there once, and every event
    /// had its effect once.
    pub fn bars(&self) -> Vec<Bar> {
        #[expect(clippy::cast_precision_loss, reason = "counts of an experiment")]
        let none = |name, count: i64| Bar::at_most(name, count as f64, 0.0);
        #[expect(clippy::cast_possible_wrap, reason = "counts of an experiment")]
        let count = |count: usize| count as i64;
        vec![
            none("acknowledged writes lost", count(self.lost)),
            none("writes made twice", count(self.twice)),
            none("events not done", self.undone),
            none("events dead", self.dead),
            none("events without their effect", self.without_effect),
            none("effects beyond one per event", self.doubled_effects),
            none("tasks nobody was told of", self.untold),
            none("notifications beyond one per task", self.told_again),
        ]
    }

    /// The same, and no write failed either.
    pub fn bars_without_failures(&self) -> Vec<Bar> {
        let failed: usize = self.failed.values().sum();
        #[expect(clippy::cast_precision_loss, reason = "counts of an experiment")]
        let failed = Bar::at_most("failed writes", failed as f64, 0.0);
        std::iter::once(failed).chain(self.bars()).collect()
    }
}
