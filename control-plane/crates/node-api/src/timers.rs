//! Timers: who leads those of a ring, which slots were begun, what is to be run besides.
//!
//! The leader has a token that grows with every leader. It comes with each call, and a call with
//! an older one is refused as a conflict: another leads.

use chrono::{DateTime, Utc};
use kernel::{TenantId, TimerRunId};
use serde::{Deserialize, Serialize};

/// `POST /timers/lead`: this process has become the leader of its ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimersLead {
    /// Every timer that it has.
    pub timers: Vec<TimerEntry>,
}

/// A timer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimerEntry {
    /// Its name, unique.
    pub name: String,
    /// When it comes, in words.
    pub schedule: String,
    /// What it is for, a sentence.
    pub purpose: String,
    /// When it comes next.
    pub next_at: DateTime<Utc>,
}

/// The answer to a leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimersLed {
    /// What it proves with that it leads.
    pub token: u64,
}

/// `POST /timers/beat`: the leader is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimersBeat {
    /// The leader's token.
    pub token: u64,
}

/// The answer to a beat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimersNews {
    /// The last slot of each timer that had one.
    pub last: Vec<LastSlot>,
    /// What is to be run: asked for by staff, or begun and not ended.
    pub open: Vec<TimerRun>,
}

/// The last slot of a timer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastSlot {
    /// The timer.
    pub timer: String,
    /// When it was due.
    pub slot: DateTime<Utc>,
}

/// A run that is not over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerRun {
    /// The run.
    pub id: TimerRunId,
    /// The timer.
    pub timer: String,
    /// When it was due, or asked for.
    pub slot: DateTime<Utc>,
    /// Whether staff asked for it.
    pub asked: bool,
    /// Up to which tenant its jobs are enqueued.
    pub after: Option<TenantId>,
    /// How many jobs are.
    pub jobs: u32,
}

/// `POST /timers/{name}/slots`: the leader wants to run a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotClaim {
    /// The leader's token.
    pub token: u64,
    /// When the slot was due.
    pub slot: DateTime<Utc>,
    /// When the timer comes next.
    pub next_at: DateTime<Utc>,
}

/// The answer to a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotClaimed {
    /// The run; none when this slot or a later one was claimed before.
    pub run: Option<TimerRun>,
}

/// `PUT /timers/runs/{id}`: how far a run is. Repeating it is harmless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunProgress {
    /// The leader's token.
    pub token: u64,
    /// Up to which tenant jobs are enqueued.
    pub after: Option<TenantId>,
    /// How many jobs are, in all.
    pub jobs: u32,
    /// Whether it is over.
    pub state: RunProgressState,
    /// Why it failed, or what it waits for.
    pub error: Option<String>,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunProgressState {
    /// Under way.
    Running,
    /// Over, well.
    Done,
    /// Over, not well.
    Failed,
}
