//! What clients send about work items.

use garde::Validate;
use serde::{Deserialize, Serialize};
use tr_domain::{
    Constraint, ContentPatch, ElementType, GateOutcome, LocalMinute, Rag, Scheduling, WorkItemKind,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{maybe::present, schema};

/// A label put on an item.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[schema(as = LabelChoice)]
pub(crate) struct Label {
    /// The label.
    pub(super) id: Uuid,
    /// Whether it is the item's primary one; at most one is.
    #[serde(default)]
    pub(super) primary: bool,
}

/// A new work item. Which of `folder_id`, `parent_id` and `theme_id` it takes depends on its kind:
/// a grid lies in a folder; stages and themes in the grid; an element in a stage (`parent_id`) and
/// a theme; a gate in a stage; a task in an element or gate.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct WorkItemCreate {
    /// The kind; it never changes.
    #[schema(value_type = schema::KindWord)]
    pub(super) kind: WorkItemKind,
    /// One line of text.
    #[schema(min_length = 1, max_length = 500)]
    pub(super) name: String,
    /// Text of many lines.
    #[schema(max_length = 16000)]
    pub(super) description: Option<String>,
    /// The folder, for grids.
    pub(super) folder_id: Option<Uuid>,
    /// The parent, for all but grids.
    pub(super) parent_id: Option<Uuid>,
    /// The theme, for elements.
    pub(super) theme_id: Option<Uuid>,
    /// For elements; `with_tasks` unless given.
    #[schema(value_type = Option<schema::ElementTypeWord>)]
    pub(super) element_type: Option<ElementType>,
    /// The member who does it; elements, gates and tasks.
    pub(super) assignee_id: Option<Uuid>,
    /// The labels it carries.
    pub(super) labels: Option<Vec<Label>>,
    /// A status.
    #[schema(value_type = Option<schema::RagWord>)]
    pub(super) rag: Option<Rag>,
    /// When it starts.
    #[schema(value_type = Option<schema::LocalMinute>)]
    pub(super) start: Option<LocalMinute>,
    /// When it ends.
    #[schema(value_type = Option<schema::LocalMinute>)]
    pub(super) finish: Option<LocalMinute>,
    /// Minutes of working time.
    pub(super) duration_minutes: Option<u32>,
    /// Who sets the dates; `auto` unless given.
    #[schema(value_type = Option<schema::SchedulingWord>)]
    pub(super) scheduling: Option<Scheduling>,
    /// A limit on the dates.
    #[schema(value_type = Option<schema::ConstraintWord>)]
    pub(super) constraint: Option<Constraint>,
    /// The date of the limit.
    #[schema(value_type = Option<schema::LocalMinute>)]
    pub(super) constraint_date: Option<LocalMinute>,
    /// When it should be done.
    #[schema(value_type = Option<schema::LocalMinute>)]
    pub(super) deadline: Option<LocalMinute>,
    /// A calendar of its own.
    pub(super) calendar_id: Option<Uuid>,
    /// When it really started.
    #[schema(value_type = Option<schema::LocalMinute>)]
    pub(super) actual_start: Option<LocalMinute>,
    /// When it really ended.
    #[schema(value_type = Option<schema::LocalMinute>)]
    pub(super) actual_finish: Option<LocalMinute>,
    /// Minutes of work left.
    pub(super) remaining_minutes: Option<u32>,
    /// Whether a task needs a file before it can be completed.
    pub(super) evidence_required: Option<bool>,
}

impl WorkItemCreate {
    /// The content as the domain takes it.
    pub(super) fn content(&mut self) -> ContentPatch {
        ContentPatch {
            name: Some(std::mem::take(&mut self.name)),
            description: self.description.take(),
            element_type: self.element_type,
            assignee_id: self.assignee_id.map(|id| Some(id.into())),
            rag: self.rag.map(Some),
            start: self.start.map(Some),
            finish: self.finish.map(Some),
            duration_minutes: self.duration_minutes.map(Some),
            scheduling: self.scheduling,
            constraint: self.constraint.map(Some),
            constraint_date: self.constraint_date.map(Some),
            deadline: self.deadline.map(Some),
            calendar_id: self.calendar_id.map(Some),
            actual_start: self.actual_start.map(Some),
            actual_finish: self.actual_finish.map(Some),
            remaining_minutes: self.remaining_minutes.map(Some),
            evidence_required: self.evidence_required,
        }
    }
}

/// A change of a work item. What is left out stays; `null` clears.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
#[serde(default)]
#[garde(allow_unvalidated)]
pub(crate) struct WorkItemPatch {
    /// One line of text.
    #[schema(min_length = 1, max_length = 500)]
    pub(super) name: Option<String>,
    /// Text of many lines.
    #[schema(max_length = 16000)]
    pub(super) description: Option<String>,
    /// Of elements.
    #[schema(value_type = Option<schema::ElementTypeWord>)]
    pub(super) element_type: Option<ElementType>,
    /// The member who does it.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Uuid>)]
    pub(super) assignee_id: Option<Option<Uuid>>,
    /// All the labels it carries from now on.
    pub(super) labels: Option<Vec<Label>>,
    /// A status.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<schema::RagWord>)]
    pub(super) rag: Option<Option<Rag>>,
    /// When it starts.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<schema::LocalMinute>)]
    pub(super) start: Option<Option<LocalMinute>>,
    /// When it ends.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<schema::LocalMinute>)]
    pub(super) finish: Option<Option<LocalMinute>>,
    /// Minutes of working time.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<u32>)]
    pub(super) duration_minutes: Option<Option<u32>>,
    /// Who sets the dates.
    #[schema(value_type = Option<schema::SchedulingWord>)]
    pub(super) scheduling: Option<Scheduling>,
    /// A limit on the dates.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<schema::ConstraintWord>)]
    pub(super) constraint: Option<Option<Constraint>>,
    /// The date of the limit.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<schema::LocalMinute>)]
    pub(super) constraint_date: Option<Option<LocalMinute>>,
    /// When it should be done.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<schema::LocalMinute>)]
    pub(super) deadline: Option<Option<LocalMinute>>,
    /// A calendar of its own.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Uuid>)]
    pub(super) calendar_id: Option<Option<Uuid>>,
    /// When it really started.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<schema::LocalMinute>)]
    pub(super) actual_start: Option<Option<LocalMinute>>,
    /// When it really ended.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<schema::LocalMinute>)]
    pub(super) actual_finish: Option<Option<LocalMinute>>,
    /// Minutes of work left.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<u32>)]
    pub(super) remaining_minutes: Option<Option<u32>>,
    /// Whether a task needs a file before it can be completed.
    pub(super) evidence_required: Option<bool>,
}

impl From<WorkItemPatch> for ContentPatch {
    fn from(patch: WorkItemPatch) -> Self {
        Self {
            name: patch.name,
            description: patch.description,
            element_type: patch.element_type,
            assignee_id: patch.assignee_id.map(|id| id.map(Into::into)),
            rag: patch.rag,
            start: patch.start,
            finish: patch.finish,
            duration_minutes: patch.duration_minutes,
            scheduling: patch.scheduling,
            constraint: patch.constraint,
            constraint_date: patch.constraint_date,
            deadline: patch.deadline,
            calendar_id: patch.calendar_id,
            actual_start: patch.actual_start,
            actual_finish: patch.actual_finish,
            remaining_minutes: patch.remaining_minutes,
            evidence_required: patch.evidence_required,
        }
    }
}

/// How an item is completed. Only gates need it: what was decided, and why.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
#[serde(default)]
#[garde(allow_unvalidated)]
pub(crate) struct WorkItemCompletion {
    /// The decision, for gates.
    #[schema(value_type = Option<schema::OutcomeWord>)]
    pub(super) outcome: Option<GateOutcome>,
    /// A note on it; needed when a gate is decided with open tasks.
    #[schema(max_length = 16000)]
    pub(super) note: Option<String>,
}

/// Where an item goes. What is left out stays; without a neighbour it goes to the end.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
#[serde(default)]
#[garde(allow_unvalidated)]
pub(crate) struct WorkItemMove {
    /// Into this item.
    pub(super) parent_id: Option<Uuid>,
    /// Into this theme, for elements.
    pub(super) theme_id: Option<Uuid>,
    /// Into this folder, for grids.
    pub(super) folder_id: Option<Uuid>,
    /// Right before this sibling.
    pub(super) before: Option<Uuid>,
    /// Right after this sibling.
    pub(super) after: Option<Uuid>,
}
