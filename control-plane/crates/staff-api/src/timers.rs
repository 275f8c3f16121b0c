//! Timers of the runtime, and what tenants use.

use chrono::{DateTime, NaiveDate, Utc};
use garde::Validate;
use kernel::{StaffId, TenantId, TimerRunId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ReleaseRing;

/// A timer of a ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimerView {
    /// Its name, unique in its ring.
    pub name: String,
    /// The release ring whose tenants it is for.
    pub ring: ReleaseRing,
    /// When it comes, in words.
    pub schedule: String,
    /// What it does.
    pub purpose: String,
    /// When it comes next.
    pub next_at: DateTime<Utc>,
    /// Who sees to it.
    pub leader: TimerLeaderView,
    /// Its last run; none when there was none in the last 90 days.
    #[schema(required = true)]
    pub last_run: Option<TimerRunView>,
}

/// The process that leads a ring's timers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimerLeaderView {
    /// The name of its node; null when that was removed.
    #[schema(required = true)]
    pub node: Option<String>,
    /// Its fencing token, which grows with every leader.
    pub token: u64,
    /// Since when it leads.
    pub since: DateTime<Utc>,
    /// When it was last there.
    pub seen_at: DateTime<Utc>,
    /// Whether it is there now. If not, slots wait; the last of each timer is made up for.
    pub present: bool,
}

/// A run of a timer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimerRunView {
    /// The id.
    #[schema(value_type = String, format = Uuid)]
    pub id: TimerRunId,
    /// When it was due, or asked for.
    pub slot: DateTime<Utc>,
    /// Whether somebody asked for it.
    pub asked: bool,
    /// Who; null for a command on the server, and for slots.
    #[schema(value_type = Option<String>, format = Uuid, required = true)]
    pub asked_by: Option<StaffId>,
    /// How it stands.
    pub state: TimerRunState,
    /// How many jobs it enqueued so far.
    pub jobs: u32,
    /// Why it failed, or what it waits for.
    #[schema(required = true)]
    pub error: Option<String>,
    /// When it was begun.
    #[schema(required = true)]
    pub begun_at: Option<DateTime<Utc>>,
    /// When it was over.
    #[schema(required = true)]
    pub ended_at: Option<DateTime<Utc>>,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimerRunState {
    /// It waits for the leader.
    Asked,
    /// Jobs are being enqueued.
    Running,
    /// All jobs are enqueued.
    Done,
    /// It was given up.
    Failed,
}

/// Which days of a tenant's usage.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct UsageQuery {
    /// The first day, of UTC; 30 days before the last unless given.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    /// The last day; today unless given. At most 366 days are answered.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
}

/// What a tenant used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantUsageView {
    /// The tenant.
    #[schema(value_type = String, format = Uuid)]
    pub tenant_id: TenantId,
    /// The first day asked for.
    pub from: NaiveDate,
    /// The last.
    pub to: NaiveDate,
    /// The days that were counted, in order.
    pub days: Vec<UsageDayView>,
}

/// What a tenant used on a day of UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageDayView {
    /// The day.
    pub day: NaiveDate,
    /// Active members.
    pub members: u32,
    /// Work items that were not deleted.
    pub items: u32,
    /// How large its database was.
    pub storage_bytes: u64,
    /// Events of that day.
    pub events: u64,
    /// When this was counted.
    pub collected_at: DateTime<Utc>,
}
