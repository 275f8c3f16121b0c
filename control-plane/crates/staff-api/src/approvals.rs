//! What waits until a second member of staff agrees.

use chrono::{DateTime, Utc};
use kernel::{OperationId, StaffId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::TenantRef;

/// Where something that waits is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// Another member of staff may agree.
    Requested,
    /// Somebody agreed, and an operation does it.
    Approved,
    /// Somebody said no, or it was taken back.
    Declined,
    /// Nobody answered in time.
    Expired,
}

/// Something that waits for a second person, or did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalView {
    /// The id.
    #[schema(format = Uuid)]
    pub id: String,
    /// What is to be done, such as `tenant.suspend`.
    pub action: String,
    /// To which tenant.
    pub tenant: TenantRef,
    /// Particulars, such as the reason.
    #[schema(value_type = Object)]
    pub input: serde_json::Value,
    /// Where it is.
    pub state: ApprovalState,
    /// Who asked; they cannot agree themselves.
    #[schema(value_type = String, format = Uuid)]
    pub requested_by: StaffId,
    /// What they are called.
    pub requester_name: String,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// When it counts no more.
    pub expires_at: DateTime<Utc>,
    /// Who answered.
    #[schema(value_type = Option<String>, format = Uuid, required = true)]
    pub decided_by: Option<StaffId>,
    /// When.
    #[schema(required = true)]
    pub decided_at: Option<DateTime<Utc>>,
    /// The operation that it led to.
    #[schema(value_type = Option<String>, format = Uuid, required = true)]
    pub operation_id: Option<OperationId>,
}
