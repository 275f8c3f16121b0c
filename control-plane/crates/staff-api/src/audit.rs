//! The audit log of staff and member administration.

use chrono::{DateTime, Utc};
use kernel::{Cursor, Limit, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Filters of the audit log.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Only what was done to this tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, format = Uuid)]
    pub tenant_id: Option<TenantId>,
    /// Only what such an actor did: `staff`, `member`, `person`, `directory` or `system`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_kind: Option<String>,
    /// Only what this actor did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, format = Uuid)]
    pub actor_id: Option<String>,
    /// Only what was done to this thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, format = Uuid)]
    pub object_id: Option<String>,
    /// Beginning of the action, such as `staff.`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Only what was done at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Only what was done before this time.
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

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntryView {
    /// The id.
    #[schema(format = Uuid)]
    pub id: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
    /// `staff`, `member`, `person`, `directory` or `system`.
    pub actor_kind: String,
    /// Who.
    #[schema(format = Uuid, required = true)]
    pub actor_id: Option<String>,
    /// What, such as `tenant.create`.
    pub action: String,
    /// The tenant concerned.
    #[schema(value_type = Option<String>, format = Uuid, required = true)]
    pub tenant_id: Option<TenantId>,
    /// The thing concerned.
    #[schema(format = Uuid, required = true)]
    pub object_id: Option<String>,
    /// Particulars.
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
    /// The request that did it.
    #[schema(required = true)]
    pub request_id: Option<String>,
}

/// The end of the audit log's chain of hashes, to be compared with what was written down outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditHeadView {
    /// The number of the last link; 0 while nothing is chained.
    pub position: u64,
    /// Its hash in hexadecimal digits.
    #[schema(required = true)]
    pub hash: Option<String>,
    /// When it was added.
    #[schema(required = true)]
    pub chained_at: Option<DateTime<Utc>>,
    /// How many entries wait for their place, at most a thousand and one.
    pub waiting: u64,
}
