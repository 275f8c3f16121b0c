//! Timers as staff see them.

use chrono::{DateTime, TimeDelta, Utc};
use cp_domain::Ring;
use cp_store::{StoreError, Timer, TimerLeaderStore, TimerRun, TimerRunStore};
use kernel::TimerRunId;
use serde_json::json;

use crate::{
    Auth,
    fleet::KeyError,
    staff::{By, record::Deed},
};

/// How long a leader counts as there after its last call.
const PRESENT: TimeDelta = TimeDelta::seconds(15);

/// A timer with its last run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTimer {
    /// The timer and its leader.
    pub timer: Timer,
    /// Whether the leader is there.
    pub led: bool,
    /// Its last run.
    pub last: Option<TimerRun>,
}

impl ListedTimer {
    fn new(timer: Timer, runs: &[TimerRun], now: DateTime<Utc>) -> Self {
        let of_timer = |run: &&TimerRun| run.ring == timer.ring && run.timer == timer.name;
        Self {
            led: now - timer.seen_at <= PRESENT,
            last: runs.iter().find(of_timer).cloned(),
            timer,
        }
    }
}

/// Why a timer is not run.
#[derive(Debug, thiserror::Error)]
pub enum RunTimerError {
    /// There is none such.
    #[error("there is no such timer")]
    Unknown,
    /// The request's key came with another body before.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Every timer of every ring.
///
/// # Errors
/// When the database fails.
pub async fn list_timers(auth: &Auth) -> Result<Vec<ListedTimer>, StoreError> {
    let conn = auth.central.conn();
    let timers = TimerLeaderStore::list(conn).await?;
    let runs = TimerRunStore::newest(conn).await?;
    let now = auth.clock.now();
    let timers = timers.into_iter();
    Ok(timers
        .map(|timer| ListedTimer::new(timer, &runs, now))
        .collect())
}

/// Has the leader run a timer out of turn, within seconds. While such a run waits, asking again
/// answers that one.
///
/// # Errors
/// When there is no such timer, or the database fails.
pub async fn run_timer(
    auth: &Auth,
    by: &By,
    ring: Ring,
    timer: &str,
) -> Result<TimerRun, RunTimerError> {
    if let Some(id) = by.answered::<TimerRunId>(auth).await? {
        let known = TimerRunStore::find(auth.central.conn(), id).await?;
        return known.ok_or(RunTimerError::Unknown);
    }
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let waiting = TimerRunStore::find_asked(&tx, ring, timer).await?;
    if let Some(run) = waiting.ok_or(RunTimerError::Unknown)? {
        by.keep(&tx, auth, &run.id).await?;
        tx.commit().await.map_err(StoreError::from)?;
        return Ok(run);
    }
    let id = auth.clock.new_id::<TimerRunId>();
    let staff = by.requester.staff;
    TimerRunStore::ask(&tx, id, (ring, timer), staff, auth.clock.now()).await?;
    let deed = Deed {
        action: "timer.run",
        tenant: None,
        object: Some(id.as_uuid()),
        detail: json!({ "timer": timer, "ring": ring.as_str() }),
    };
    by.record(&tx, auth, deed, &id).await?;
    let run = TimerRunStore::find(&tx, id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    run.ok_or(RunTimerError::Unknown)
}
