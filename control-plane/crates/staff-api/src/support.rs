//! Staff look into a tenant, with its consent.

use chrono::{DateTime, Utc};
use garde::Validate;
use kernel::{Cursor, Limit, StaffId, SupportAccessId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Where a request for access is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupportState {
    /// Nobody of the tenant has answered.
    Requested,
    /// The tenant consented, and the time is not over.
    Granted,
    /// The tenant said no.
    Declined,
    /// The tenant took its consent back.
    Withdrawn,
    /// Staff gave it back, or the time is over.
    Ended,
}

/// Filters of the list of requests.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SupportQuery {
    /// Only for this tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, format = Uuid)]
    pub tenant_id: Option<TenantId>,
    /// Only of this member of staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, format = Uuid)]
    pub staff_id: Option<StaffId>,
    /// Rows of a page: 1 to 200, 50 unless given.
    #[serde(default)]
    #[param(value_type = u16, minimum = 1, maximum = 200)]
    pub limit: Limit,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub cursor: Option<Cursor>,
}

/// A member of staff wants to look into a tenant.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct SupportRequest {
    /// The tenant.
    #[schema(value_type = String, format = Uuid)]
    #[garde(skip)]
    pub tenant_id: TenantId,
    /// Why; the tenant reads it.
    #[garde(length(min = 10, max = 500))]
    pub reason: String,
    /// For how many minutes.
    #[garde(range(min = 5, max = 480))]
    pub minutes: u32,
}

/// A request for access and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SupportAccessView {
    /// The id.
    #[schema(value_type = String, format = Uuid)]
    pub id: SupportAccessId,
    /// The tenant.
    #[schema(value_type = String, format = Uuid)]
    pub tenant_id: TenantId,
    /// The first label of its host.
    pub tenant_slug: String,
    /// Its name.
    pub tenant_name: String,
    /// Who asks.
    #[schema(value_type = String, format = Uuid)]
    pub staff_id: StaffId,
    /// What they are called.
    pub staff_name: String,
    /// Why.
    pub reason: String,
    /// For how many minutes.
    pub minutes: u32,
    /// Where it is.
    pub state: SupportState,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When a member of the tenant answered.
    #[schema(required = true)]
    pub decided_at: Option<DateTime<Utc>>,
    /// When the access ends by itself.
    #[schema(required = true)]
    pub expires_at: Option<DateTime<Utc>>,
    /// When it ended before that.
    #[schema(required = true)]
    pub ended_at: Option<DateTime<Utc>>,
}

/// A way into a tenant: a form that is posted with `code`, within half a minute, once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EntranceView {
    /// Where the form goes.
    pub url: String,
    /// Its field `code`.
    pub code: String,
    /// When the code ends.
    pub expires_at: DateTime<Utc>,
}

impl std::fmt::Debug for EntranceView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EntranceView")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}
