//! How the queues are, class by class.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use cp_node_api::{ClassReport, QueueDepth};
use cp_store::{DeadLetterStore, QueuePause, QueuePauseStore, StoreError};

use super::reports::{Said, said};
use crate::Auth;

/// The queues of a class in a ring.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueState {
    /// The ring.
    pub ring: String,
    /// The class.
    pub class: String,
    /// How full its queues are; not known while no worker reaches the broker.
    pub depth: Option<QueueDepth>,
    /// Messages that all workers finish in a second.
    pub done_rate: f64,
    /// Messages that fail and are tried again, likewise.
    pub retry_rate: f64,
    /// Messages that die, likewise.
    pub dead_rate: f64,
    /// When the oldest event happened that is not done.
    pub oldest_at: Option<DateTime<Utc>>,
    /// Dead letters that wait for somebody to decide, or to be sent again.
    pub dead_letters: u64,
    /// Who paused it and why.
    pub paused: Option<QueuePause>,
    /// Workers that have reported lately.
    pub workers: u32,
    /// Those of them that take none of its messages.
    pub workers_paused: u32,
    /// When a worker reported last.
    pub reported_at: DateTime<Utc>,
    /// How old all this is by now.
    pub now: DateTime<Utc>,
}

/// Every class that a worker ever reported, by ring and name. Of a ring whose workers are all away
/// what the last of them said is answered, with no worker and no rates.
///
/// # Errors
/// When the database fails.
pub async fn list_queues(auth: &Auth) -> Result<Vec<QueueState>, StoreError> {
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    let pauses = QueuePauseStore::list(conn).await?;
    let counted = DeadLetterStore::count_open(conn).await?;
    let mut states: BTreeMap<(String, String), QueueState> = BTreeMap::new();
    for said in said(conn, now).await? {
        for class in &said.report.classes {
            let key = (said.ring.clone(), class.class.clone());
            let state = states
                .entry(key)
                .or_insert_with(|| first(&said, class, now));
            if said.counts {
                // All workers ask the same broker: the newest answer counts.
                state.depth = state.depth.or(class.depth);
                state.oldest_at = state.oldest_at.into_iter().chain(class.oldest_at).min();
            }
            if said.fresh {
                add(state, class);
            }
        }
    }
    let mut states: Vec<_> = states.into_values().collect();
    for state in &mut states {
        let pause = pauses.iter().find(|pause| pause.class == state.class);
        state.paused = pause.cloned();
        let letters = counted
            .iter()
            .find(|of| of.ring == state.ring && of.class == state.class)
            .map_or(0, |of| of.letters);
        state.dead_letters = u64::try_from(letters).unwrap_or_default();
    }
    Ok(states)
}

/// What the newest report says; it is of this worker and not added up.
fn first(said: &Said, class: &ClassReport, now: DateTime<Utc>) -> QueueState {
    QueueState {
        ring: said.ring.clone(),
        class: class.class.clone(),
        depth: class.depth,
        done_rate: 0.0,
        retry_rate: 0.0,
        dead_rate: 0.0,
        oldest_at: None,
        dead_letters: 0,
        paused: None,
        workers: 0,
        workers_paused: 0,
        reported_at: said.at,
        now,
    }
}

/// What only a worker does that is there.
fn add(state: &mut QueueState, class: &ClassReport) {
    state.done_rate += class.done_rate;
    state.retry_rate += class.retry_rate;
    state.dead_rate += class.dead_rate;
    state.workers += 1;
    state.workers_paused += u32::from(class.paused);
}
