//! Dead letters: messages that found no effect.

use chrono::{DateTime, Utc};
use garde::Validate;
use kernel::{Cursor, Limit, StaffId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Where a dead letter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadLetterState {
    /// Somebody has to decide.
    Dead,
    /// A worker sends it again.
    Redriving,
    /// It was sent again; if it died once more there is another letter.
    Redriven,
    /// Somebody let it be.
    Discarded,
}

/// Filters of dead letters.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeadLetterQuery {
    /// Only in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub state: Option<DeadLetterState>,
    /// Only of this class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Only of this tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, format = Uuid)]
    pub tenant_id: Option<TenantId>,
    /// Only about this, such as `work_item.created`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Only with this in the error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Only what died at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Only what died before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// Rows of a page: 1 to 200, 50 unless given.
    #[serde(default)]
    #[param(value_type = u16, minimum = 1, maximum = 200)]
    pub limit: Limit,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub cursor: Option<Cursor>,
}

/// A message that found no effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterSummary {
    /// The id.
    #[schema(format = Uuid)]
    pub id: String,
    /// Where it is.
    pub state: DeadLetterState,
    /// The class whose message it was.
    pub class: String,
    /// The release ring whose workers had it.
    pub ring: String,
    /// The tenant, as the message says; none when it is no envelope.
    #[schema(value_type = Option<String>, format = Uuid, required = true)]
    pub tenant_id: Option<TenantId>,
    /// The first label of the tenant's host name, when there is such a tenant.
    #[schema(required = true)]
    pub tenant_slug: Option<String>,
    /// What happened, such as `work_item.created`.
    #[schema(required = true)]
    pub kind: Option<String>,
    /// The event's number in its tenant; 0 for a job.
    #[schema(required = true)]
    pub event_number: Option<u64>,
    /// Why it died.
    pub error: String,
    /// How often it was tried.
    pub attempts: u32,
    /// The trace of the request that caused it, in W3C form.
    #[schema(required = true)]
    pub traceparent: Option<String>,
    /// When it died.
    pub died_at: DateTime<Utc>,
    /// Whether it can be sent again: it is an envelope.
    pub redrivable: bool,
    /// When its state changed.
    #[schema(required = true)]
    pub changed_at: Option<DateTime<Utc>>,
    /// Who changed it; none when it was a command on the server.
    #[schema(value_type = Option<String>, format = Uuid, required = true)]
    pub changed_by: Option<StaffId>,
    /// Why it was not sent again the last time.
    #[schema(required = true)]
    pub failure: Option<String>,
}

/// The same with what it said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterView {
    /// What is in the list, too.
    #[serde(flatten)]
    pub letter: DeadLetterSummary,
    /// The generation of the tenant's placement that it was written under.
    #[schema(required = true)]
    pub generation: Option<u32>,
    /// The event.
    #[schema(format = Uuid, required = true)]
    pub event_id: Option<String>,
    /// When that happened.
    #[schema(required = true)]
    pub occurred_at: Option<DateTime<Utc>>,
    /// The message's own id, a property.
    #[schema(required = true)]
    pub message_id: Option<String>,
    /// What is kept of the body: the first 64 KiB. What is no UTF-8 is shown as `�`.
    pub body: String,
    /// How long the body was.
    pub body_bytes: u64,
    /// Whether more of it was than is kept.
    pub body_cut: bool,
    /// When it was brought to where it can be seen.
    pub kept_at: DateTime<Utc>,
}

/// Dead letters to send again or to let be: those in state `dead` that all of this takes.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct DeadLetterSelection {
    /// Only of this class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub class: Option<String>,
    /// Only of this tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = Uuid)]
    pub tenant_id: Option<TenantId>,
    /// Only about this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub kind: Option<String>,
    /// Only with this in the error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub error: Option<String>,
    /// Only what died at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub since: Option<DateTime<Utc>>,
    /// Only what died before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub until: Option<DateTime<Utc>>,
    /// How many there are, as a confirmation: nothing is done when there are not as many. To
    /// discard them it must be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub confirm: Option<u64>,
    /// Why; kept in the audit log.
    #[garde(length(min = 1, max = 500))]
    pub reason: String,
}

/// Dead letters with class, kind and error in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterGroup {
    /// The class.
    pub class: String,
    /// What happened; none for what is no envelope.
    #[schema(required = true)]
    pub kind: Option<String>,
    /// Why they died.
    pub error: String,
    /// How many there are.
    pub count: u64,
    /// Of how many tenants.
    pub tenants: u64,
    /// When the first of them died.
    pub first_died_at: DateTime<Utc>,
    /// When the last of them died.
    pub last_died_at: DateTime<Utc>,
}

/// How many dead letters there are, or were changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterCount {
    /// How many.
    pub count: u64,
}
