//! Queues of the runtime: how full they are, how they flow, what waits where.

use chrono::{DateTime, Utc};
use kernel::{Limit, StaffId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ServerRef;

/// The queues of a class of messages, as the workers of a ring see them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueueView {
    /// The class, such as `activity`.
    pub class: String,
    /// The release ring whose workers see it so.
    pub ring: String,
    /// Messages that wait to be delivered; not known while no worker reaches the broker.
    #[schema(required = true)]
    pub ready: Option<u64>,
    /// Dead messages that are still in the broker.
    #[schema(required = true)]
    pub dead: Option<u64>,
    /// Consumers of its queues.
    #[schema(required = true)]
    pub consumers: Option<u32>,
    /// Messages that are done in a second.
    pub done_per_second: f64,
    /// Messages that fail and are tried again, likewise.
    pub retried_per_second: f64,
    /// Messages that die, likewise.
    pub died_per_second: f64,
    /// When the oldest event happened that is not done.
    #[schema(required = true)]
    pub oldest_at: Option<DateTime<Utc>>,
    /// How long ago that was.
    #[schema(required = true)]
    pub oldest_age_seconds: Option<f64>,
    /// Dead letters that wait for a decision, or to be sent again.
    pub dead_letters: u64,
    /// Who paused the class, and why; none while it is not paused.
    #[schema(required = true)]
    pub paused: Option<QueuePauseView>,
    /// Workers that reported within the last seconds.
    pub workers: u32,
    /// Those of them that take none of its messages. All of them do within seconds of a pause.
    pub workers_paused: u32,
    /// When a worker reported last.
    pub reported_at: DateTime<Utc>,
}

/// Why a class is paused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueuePauseView {
    /// Why.
    pub reason: String,
    /// Who paused it; none when it was a command on the server.
    #[schema(value_type = Option<String>, format = Uuid, required = true)]
    pub paused_by: Option<StaffId>,
    /// When.
    pub paused_at: DateTime<Utc>,
}

/// Filters of the backlog.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct BacklogQuery {
    /// Only of this tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, format = Uuid)]
    pub tenant_id: Option<TenantId>,
    /// Only of this class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// How many rows at most: 1 to 200, 50 unless given.
    #[serde(default)]
    #[param(value_type = u16, minimum = 1, maximum = 200)]
    pub limit: Limit,
}

/// The tenants with the most that is not done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BacklogPage {
    /// Those tenants.
    pub data: Vec<BacklogView>,
    /// Always none: there are no more pages.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
    /// Whether workers know of more than they report, so that a tenant or class that is not there
    /// may have something waiting all the same.
    pub cut: bool,
}

/// What waits in a tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BacklogView {
    /// The tenant.
    #[schema(value_type = String, format = Uuid)]
    pub tenant_id: TenantId,
    /// The first label of its host name.
    #[schema(required = true)]
    pub slug: Option<String>,
    /// The class.
    pub class: String,
    /// Events and due jobs in its outbox that were not published.
    pub waiting: u64,
    /// Those that were published and are not done.
    pub outstanding: u64,
    /// When the oldest of both happened.
    #[schema(required = true)]
    pub oldest_at: Option<DateTime<Utc>>,
    /// How long ago that was.
    #[schema(required = true)]
    pub oldest_age_seconds: Option<f64>,
    /// When a worker counted it last. Workers count every few seconds; while a ring has none, what
    /// they said last is answered.
    pub reported_at: DateTime<Utc>,
}

/// The outboxes of the tenants on a database server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OutboxView {
    /// The server.
    pub server: ServerRef,
    /// Tenants with something that was not published.
    pub tenants: u64,
    /// Events and due jobs that were not published.
    pub waiting: u64,
    /// When the oldest of them happened.
    #[schema(required = true)]
    pub oldest_at: Option<DateTime<Utc>>,
    /// How long ago that was.
    #[schema(required = true)]
    pub oldest_age_seconds: Option<f64>,
    /// Tenants that did not answer when they were asked last. Of these the figures are those of
    /// before, if there are any.
    pub tenants_not_asked: u64,
    /// When workers said so last; none when none ever reported. Of several rings with something
    /// there, that whose workers have been away longest counts.
    #[schema(required = true)]
    pub reported_at: Option<DateTime<Utc>>,
}
