//! A work item as the contract has it.

use chrono::{DateTime, Utc};
use kernel::{FolderId, LabelId, MemberId, Revision, WorkItemId};
use serde::Serialize;
use tr_domain::{Constraint, ElementType, GateOutcome, LocalMinute, Rag, Scheduling, WorkItemKind};
use tr_store::work_items::ItemRow;
use utoipa::ToSchema;
use uuid::Uuid;

/// A label on an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ItemLabel {
    /// The label.
    #[schema(value_type = Uuid)]
    pub id: LabelId,
    /// Its name.
    pub name: String,
    /// Its colour, `#rrggbb`.
    #[schema(example = "#1a6b34")]
    pub colour: String,
    /// Whether it is the item's primary label.
    pub primary: bool,
}

/// A work item of any kind; null where its kind has no such thing.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WorkItemView {
    /// The item.
    #[schema(value_type = Uuid)]
    pub id: WorkItemId,
    /// `grid`, `stage`, `theme`, `element`, `gate` or `task`.
    #[schema(value_type = String, pattern = "^(grid|stage|theme|element|gate|task)$")]
    pub kind: WorkItemKind,
    /// Its name.
    pub name: String,
    /// What there is to say about it.
    pub description: String,
    /// The grid it lies in; a grid's own id.
    #[schema(value_type = Uuid)]
    pub grid_id: WorkItemId,
    /// Grid none; stage, theme: the grid; element, gate: the stage; task: the element or gate.
    #[schema(value_type = Option<Uuid>, required = true)]
    pub parent_id: Option<WorkItemId>,
    /// The folder of a grid.
    #[schema(value_type = Option<Uuid>, required = true)]
    pub folder_id: Option<FolderId>,
    /// The stage it lies in.
    #[schema(value_type = Option<Uuid>, required = true)]
    pub stage_id: Option<WorkItemId>,
    /// The theme it lies in.
    #[schema(value_type = Option<Uuid>, required = true)]
    pub theme_id: Option<WorkItemId>,
    /// Order among siblings: the lower, the earlier.
    pub position: i64,
    /// Of elements: `with_tasks`, `checkable`, `information`.
    #[schema(value_type = Option<String>, required = true)]
    pub element_type: Option<ElementType>,
    /// Who it is assigned to.
    #[schema(value_type = Option<Uuid>, required = true)]
    pub assignee_id: Option<MemberId>,
    /// Its labels, the primary one first.
    pub labels: Vec<ItemLabel>,
    /// Status set by a person: `red`, `amber`, `green`.
    #[schema(value_type = Option<String>, required = true)]
    pub rag: Option<Rag>,
    /// Status computed by the system.
    #[schema(value_type = Option<String>, required = true)]
    pub rag_computed: Option<Rag>,
    /// When it was completed.
    #[schema(required = true)]
    pub completed_at: Option<DateTime<Utc>>,
    /// From 0 to 1; null for information.
    #[schema(required = true, minimum = 0, maximum = 1)]
    pub progress: Option<f64>,
    /// Of gates: `proceed`, `proceed_with_conditions`, `hold`, `stop`.
    #[schema(value_type = Option<String>, required = true)]
    pub outcome: Option<GateOutcome>,
    /// Start, local to the tenant.
    #[schema(value_type = Option<String>, required = true, example = "2026-11-23T08:00")]
    pub start: Option<LocalMinute>,
    /// Finish, local to the tenant.
    #[schema(value_type = Option<String>, required = true, example = "2026-11-27T17:00")]
    pub finish: Option<LocalMinute>,
    /// Minutes of working time.
    #[schema(required = true)]
    pub duration_minutes: Option<u32>,
    /// `auto` or `manual`.
    #[schema(value_type = Option<String>, required = true)]
    pub scheduling: Option<Scheduling>,
    /// A limit on its dates, such as `start_no_earlier_than`.
    #[schema(value_type = Option<String>, required = true)]
    pub constraint: Option<Constraint>,
    /// The date of the constraint.
    #[schema(value_type = Option<String>, required = true)]
    pub constraint_date: Option<LocalMinute>,
    /// When it should be finished.
    #[schema(value_type = Option<String>, required = true)]
    pub deadline: Option<LocalMinute>,
    /// A working calendar of its own.
    #[schema(required = true)]
    pub calendar_id: Option<Uuid>,
    /// When work began.
    #[schema(value_type = Option<String>, required = true)]
    pub actual_start: Option<LocalMinute>,
    /// When work ended.
    #[schema(value_type = Option<String>, required = true)]
    pub actual_finish: Option<LocalMinute>,
    /// Working minutes that remain.
    #[schema(required = true)]
    pub remaining_minutes: Option<u32>,
    /// Of tasks: whether a file is needed before it can be completed.
    #[schema(required = true)]
    pub evidence_required: Option<bool>,
    /// How often people have changed it; its `ETag`.
    #[schema(value_type = u32)]
    pub revision: Revision,
    /// How often its computed dates have changed.
    pub schedule_revision: u32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was deleted.
    #[schema(required = true)]
    pub deleted_at: Option<DateTime<Utc>>,
}

impl From<ItemRow> for WorkItemView {
    fn from(row: ItemRow) -> Self {
        let progress = row.part().progress(row.counters);
        let content = row.content;
        Self {
            id: row.id,
            kind: row.kind,
            name: content.name.to_string(),
            description: content.description.as_str().to_owned(),
            grid_id: row.grid_id,
            parent_id: row.parent_id,
            folder_id: row.folder_id,
            stage_id: row.stage_id,
            theme_id: row.theme_id,
            position: row.position,
            element_type: content.element_type,
            assignee_id: content.assignee_id,
            labels: row.labels.into_iter().map(ItemLabel::from).collect(),
            rag: content.rag,
            rag_computed: None,
            completed_at: row.completed_at,
            progress,
            outcome: row.outcome,
            start: content.start,
            finish: content.finish,
            duration_minutes: content.duration_minutes,
            scheduling: content.scheduling,
            constraint: content.constraint,
            constraint_date: content.constraint_date,
            deadline: content.deadline,
            calendar_id: content.calendar_id,
            actual_start: content.actual_start,
            actual_finish: content.actual_finish,
            remaining_minutes: content.remaining_minutes,
            evidence_required: content.evidence_required,
            revision: row.revision,
            schedule_revision: row.schedule_revision,
            created_at: row.created_at,
            updated_at: row.updated_at,
            deleted_at: row.deleted_at,
        }
    }
}

impl From<tr_store::labels::LabelOnItem> for ItemLabel {
    fn from(label: tr_store::labels::LabelOnItem) -> Self {
        Self {
            id: label.id,
            name: label.name,
            colour: label.colour,
            primary: label.primary,
        }
    }
}
