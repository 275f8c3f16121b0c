//! Operations: what is being done to a tenant, step by step.

use chrono::{DateTime, Utc};
use kernel::{Cursor, Limit, OperationId, StaffId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Makes a tenant.
    Provision,
    /// Takes a tenant out of service.
    Suspend,
    /// Puts it back.
    Resume,
}

/// Where an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    /// Waits for a worker.
    Queued,
    /// A worker has it.
    Running,
    /// Halted.
    Paused,
    /// What it did is being taken back.
    Undoing,
    /// Done.
    Succeeded,
    /// A step failed; it may be retried or cancelled.
    Failed,
    /// Taken back.
    Cancelled,
}

impl OperationState {
    /// Whether nothing more will happen unless somebody asks for it.
    #[must_use]
    pub const fn is_at_rest(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// Where a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Not begun.
    Pending,
    /// Begun.
    Running,
    /// Done.
    Succeeded,
    /// Failed; the error says how.
    Failed,
    /// Taken back.
    Undone,
}

/// Filters of the operations list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct OperationQuery {
    /// Only operations in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<OperationState>,
    /// Only operations of this tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, format = Uuid)]
    pub tenant_id: Option<TenantId>,
    /// Rows of a page: 1 to 200, 50 unless given.
    #[serde(default)]
    #[param(value_type = u16, minimum = 1, maximum = 200)]
    pub limit: Limit,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub cursor: Option<Cursor>,
}

/// An operation in a few words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperationRef {
    /// The id.
    #[schema(value_type = String, format = Uuid)]
    pub id: OperationId,
    /// What it does.
    pub kind: OperationKind,
    /// Where it is.
    pub state: OperationState,
}

/// A tenant in a few words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantRef {
    /// The id.
    #[schema(value_type = String, format = Uuid)]
    pub id: TenantId,
    /// First label of its host name.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// An operation with its steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OperationView {
    /// The id.
    #[schema(value_type = String, format = Uuid)]
    pub id: OperationId,
    /// What it does.
    pub kind: OperationKind,
    /// The tenant that it changes.
    pub tenant: TenantRef,
    /// Where it is.
    pub state: OperationState,
    /// The member of staff who asked for it; none when the system did.
    #[schema(value_type = Option<String>, format = Uuid, required = true)]
    pub requested_by: Option<StaffId>,
    /// The steps in order.
    pub steps: Vec<StepView>,
    /// Whether `retry` would do something.
    pub can_retry: bool,
    /// Whether `cancel` would do something.
    pub can_cancel: bool,
    /// How long such an operation usually takes (median of the last ones that succeeded).
    #[schema(required = true)]
    pub usual_seconds: Option<f64>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When a worker first took it.
    #[schema(required = true)]
    pub started_at: Option<DateTime<Utc>>,
    /// When it came to rest.
    #[schema(required = true)]
    pub finished_at: Option<DateTime<Utc>>,
}

impl OperationView {
    /// How many steps are done.
    #[must_use]
    pub fn steps_done(&self) -> usize {
        self.steps
            .iter()
            .filter(|step| step.state == StepState::Succeeded)
            .count()
    }

    /// The step that runs, failed, or comes next.
    #[must_use]
    pub fn current_step(&self) -> Option<&StepView> {
        self.steps
            .iter()
            .find(|s| matches!(s.state, StepState::Running | StepState::Failed))
            .or_else(|| {
                self.steps
                    .iter()
                    .find(|step| step.state == StepState::Pending)
            })
    }
}

/// A step of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepView {
    /// Its place, from 1.
    pub ordinal: u8,
    /// Its name, such as `create_database`.
    pub name: String,
    /// Where it is.
    pub state: StepState,
    /// How often it was begun.
    pub attempts: u16,
    /// When it was last begun.
    #[schema(required = true)]
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[schema(required = true)]
    pub finished_at: Option<DateTime<Utc>>,
    /// Why it failed.
    #[schema(required = true)]
    pub error: Option<String>,
}
