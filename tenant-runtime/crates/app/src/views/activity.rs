//! One entry of the activity log.

use chrono::{DateTime, Utc};
use kernel::{FolderId, MemberId, WorkItemId};
use serde::Serialize;
use serde_json::Value;
use tr_store::activity::ActivityRow;
use utoipa::ToSchema;
use uuid::Uuid;

/// What happened to one field of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ActivityView {
    /// `{event number}-{ordinal}`: unique, in order.
    #[schema(example = "1042-0")]
    pub id: String,
    /// The number of the event.
    pub event_number: u64,
    /// When.
    pub occurred_at: DateTime<Utc>,
    /// By whom; of what the platform does by itself, the nil UUID.
    #[schema(value_type = Uuid)]
    pub actor_id: MemberId,
    /// What, such as `work_item.changed`.
    pub kind: String,
    /// To which work item or folder.
    pub object_id: Uuid,
    /// The grid it lay in.
    #[schema(value_type = Option<Uuid>, required = true)]
    pub grid_id: Option<WorkItemId>,
    /// The folder it lay in.
    #[schema(value_type = Option<Uuid>, required = true)]
    pub folder_id: Option<FolderId>,
    /// Which field; null when the thing as a whole came or went.
    #[schema(required = true)]
    pub field: Option<String>,
    /// Before.
    #[schema(value_type = Object, required = true, nullable)]
    pub old_value: Value,
    /// After.
    #[schema(value_type = Object, required = true, nullable)]
    pub new_value: Value,
    /// In which request.
    pub request_id: String,
}

impl From<ActivityRow> for ActivityView {
    fn from(row: ActivityRow) -> Self {
        Self {
            id: format!("{}-{}", row.event_number, row.ordinal),
            event_number: row.event_number,
            occurred_at: row.occurred_at,
            actor_id: row.actor_id,
            kind: row.kind,
            object_id: row.object_id,
            grid_id: row.grid_id,
            folder_id: row.folder_id,
            field: row.field,
            old_value: row.old_value,
            new_value: row.new_value,
            request_id: row.request_id,
        }
    }
}
