//! Timers of the runtime: the leader of a ring says what there is and claims slots, staff look at
//! them and ask for runs.
//!
//! The central database is the one truth of which slot was begun: unique by ring, timer and time,
//! and written only by who has the newest token. So a slot is begun once, however many believe
//! that they lead.

mod desk;

use chrono::{DateTime, TimeDelta, Utc};
use cp_domain::Node;
use cp_store::{StoreError, TimerLeaderStore, TimerRunStore};
use kernel::TimerRunId;

use crate::nodes::Nodes;

pub use cp_store::{LastSlot, NewTimer, Progress, TimerRun};
pub use desk::{ListedTimer, RunTimerError, list_timers, run_timer};

/// The most characters that are kept of why a run failed.
const MAX_ERROR: usize = 1000;

/// How much later than now a slot may be: clocks differ a little.
const AHEAD: TimeDelta = TimeDelta::seconds(60);

/// Why a leader is refused.
#[derive(Debug, thiserror::Error)]
pub enum TimerError {
    /// Another has a newer token.
    #[error("another leads the timers")]
    Deposed,
    /// It wants a slot that is yet to come.
    #[error("the slot is yet to come: the leader's clock is ahead")]
    Early,
    /// It has told of no such timer.
    #[error("there is no such timer")]
    Unknown,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A node has become the leader of its ring; answers its token.
///
/// # Errors
/// When the database fails.
pub async fn lead(nodes: &Nodes, node: &Node, timers: &[NewTimer]) -> Result<u64, TimerError> {
    let tx = nodes.db.begin().await.map_err(StoreError::from)?;
    let now = nodes.clock.now();
    let token = TimerLeaderStore::lead(&tx, node.ring, node.id, now).await?;
    TimerLeaderStore::replace_timers(&tx, node.ring, timers).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(token)
}

/// The leader is there: what its timers did last, and what is to be run.
///
/// # Errors
/// When another leads, or the database fails.
pub async fn beat(
    nodes: &Nodes,
    node: &Node,
    token: u64,
) -> Result<(Vec<LastSlot>, Vec<TimerRun>), TimerError> {
    let conn = nodes.db.conn();
    if !TimerLeaderStore::hold(conn, node.ring, token, nodes.clock.now()).await? {
        return Err(TimerError::Deposed);
    }
    let last = TimerRunStore::last_slots(conn, node.ring).await?;
    Ok((last, TimerRunStore::open(conn, node.ring).await?))
}

/// The leader wants to run a slot; none when that or a later one was begun before.
///
/// # Errors
/// When another leads, the slot is yet to come, there is no such timer, or the database fails.
pub async fn claim(
    nodes: &Nodes,
    node: &Node,
    token: u64,
    timer: &str,
    (slot, next_at): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Option<TimerRun>, TimerError> {
    let tx = nodes.db.begin().await.map_err(StoreError::from)?;
    let now = nodes.clock.now();
    if !TimerLeaderStore::hold(&tx, node.ring, token, now).await? {
        return Err(TimerError::Deposed);
    }
    if slot > now + AHEAD {
        return Err(TimerError::Early);
    }
    if !TimerLeaderStore::set_next(&tx, node.ring, timer, next_at).await? {
        return Err(TimerError::Unknown);
    }
    let id = nodes.clock.new_id::<TimerRunId>();
    let claimed = TimerRunStore::claim(&tx, id, (node.ring, timer), slot, token, now).await?;
    let run = match claimed {
        true => TimerRunStore::find(&tx, id).await?,
        false => None,
    };
    tx.commit().await.map_err(StoreError::from)?;
    Ok(run)
}

/// The leader says how far a run is.
///
/// # Errors
/// When another leads, or the database fails.
pub async fn progress(
    nodes: &Nodes,
    node: &Node,
    run: TimerRunId,
    mut progress: Progress,
) -> Result<(), TimerError> {
    let tx = nodes.db.begin().await.map_err(StoreError::from)?;
    let now = nodes.clock.now();
    if !TimerLeaderStore::hold(&tx, node.ring, progress.token, now).await? {
        return Err(TimerError::Deposed);
    }
    let short = progress
        .error
        .map(|text| text.chars().take(MAX_ERROR).collect());
    progress.error = short;
    TimerRunStore::progress(&tx, node.ring, run, &progress, now).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}
