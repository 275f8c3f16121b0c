//! One work item with its side tables and labels: a row of one statement.

use chrono::{DateTime, NaiveDateTime, Utc};
use kernel::{FolderId, MemberId, Revision, WorkItemId};
use tr_domain::access::{Level, Viewer};
use tr_domain::completion::Completable;
use tr_domain::rollup::{Counters, Part};
use tr_domain::text::{ItemName, Prose};
use tr_domain::{Content, GateOutcome, LocalMinute, WorkItemKind};
use uuid::Uuid;

use crate::StoreError;
use crate::access::{level, level_on};
use crate::labels::{LABELS_OF_ITEM, LabelOnItem, on_item};
use crate::sql::{Columns, Sql};

/// A work item.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct ItemRow {
    pub id: WorkItemId,
    pub kind: WorkItemKind,
    pub grid_id: WorkItemId,
    pub parent_id: Option<WorkItemId>,
    pub folder_id: Option<FolderId>,
    pub stage_id: Option<WorkItemId>,
    pub theme_id: Option<WorkItemId>,
    pub position: i64,
    pub content: Content,
    pub completed_at: Option<DateTime<Utc>>,
    pub counters: Counters,
    pub outcome: Option<GateOutcome>,
    pub gate_note: Option<String>,
    pub revision: Revision,
    pub schedule_revision: u32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub deleted_at: Option<DateTime<Utc>>,
    pub deletion: Option<Uuid>,
    pub labels: Vec<LabelOnItem>,
    /// What the viewer may do with it.
    pub level: Option<Level>,
}

/// The beginning of every statement that reads items (`i`) for a viewer, up to its WHERE.
pub(super) fn select(viewer: &Viewer) -> Sql {
    Sql::new(
        "SELECT i.id, i.kind, i.grid_id, i.parent_id, i.folder_id, i.stage_id, i.theme_id, \
         i.position, i.name, i.description, e.element_type, i.assignee_id, i.rag, i.start, \
         i.finish, i.duration_minutes, i.scheduling, i.constraint_kind, i.constraint_date, \
         i.deadline, i.calendar_id, i.actual_start, i.actual_finish, i.remaining_minutes, \
         t.evidence_required, i.completed_at, i.leaves, i.leaves_done, i.leaves_unsized, i.weight, \
         i.weight_done, g.outcome, g.note, i.revision, i.schedule_revision, i.created_at, \
         i.updated_at, i.deleted_at, i.deletion, ",
    )
    .text(LABELS_OF_ITEM)
    .text(", ")
    .append(level_on(viewer, "i.grid_id"))
    .text(
        " AS viewer_level FROM work_items i LEFT JOIN elements e ON e.work_item_id = i.id \
         LEFT JOIN gates g ON g.work_item_id = i.id \
         LEFT JOIN tasks t ON t.work_item_id = i.id WHERE ",
    )
}

/// Ends the conditions of [`select`]: of what the viewer sees.
pub(super) const SEEN: &str = " HAVING viewer_level IS NOT NULL";

/// Reads a row of [`select`].
pub(super) fn read(c: &mut Columns<'_>) -> Result<ItemRow, StoreError> {
    Ok(ItemRow {
        id: c.id()?,
        kind: c.word()?,
        grid_id: c.id()?,
        parent_id: c.id_opt()?,
        folder_id: c.id_opt()?,
        stage_id: c.id_opt()?,
        theme_id: c.id_opt()?,
        position: c.get()?,
        content: content(c)?,
        completed_at: c.get()?,
        counters: Counters {
            leaves: c.get::<u32>()?.into(),
            done: c.get::<u32>()?.into(),
            unsized_leaves: c.get::<u32>()?.into(),
            weight: minutes(c)?,
            weight_done: minutes(c)?,
        },
        outcome: c.word_opt()?,
        gate_note: c.get()?,
        revision: Revision(c.get()?),
        schedule_revision: c.get()?,
        created_at: c.time()?,
        updated_at: c.time()?,
        deleted_at: c.get()?,
        deletion: c.get()?,
        labels: on_item(c)?,
        level: level(c)?,
    })
}

fn content(c: &mut Columns<'_>) -> Result<Content, StoreError> {
    Ok(Content {
        name: ItemName::stored(c.get()?),
        description: Prose::stored(c.get()?),
        element_type: c.word_opt()?,
        assignee_id: c.id_opt::<MemberId>()?,
        rag: c.word_opt()?,
        start: local(c)?,
        finish: local(c)?,
        duration_minutes: c.get()?,
        scheduling: c.word_opt()?,
        constraint: c.word_opt()?,
        constraint_date: local(c)?,
        deadline: local(c)?,
        calendar_id: c.get()?,
        actual_start: local(c)?,
        actual_finish: local(c)?,
        remaining_minutes: c.get()?,
        evidence_required: c.get()?,
    })
}

fn local(c: &mut Columns<'_>) -> Result<Option<LocalMinute>, StoreError> {
    Ok(c.get::<Option<NaiveDateTime>>()?.map(LocalMinute::stored))
}

fn minutes(c: &mut Columns<'_>) -> Result<i64, StoreError> {
    i64::try_from(c.get::<u64>()?).map_err(|error| StoreError::Unreadable(error.to_string()))
}

impl ItemRow {
    /// What matters of it to roll-up.
    #[must_use]
    pub const fn part(&self) -> Part {
        Part {
            kind: self.kind,
            element_type: self.content.element_type,
            completed: self.completed_at.is_some(),
            minutes: self.content.duration_minutes,
        }
    }

    /// What it adds to what it lies in.
    #[must_use]
    pub fn contribution(&self) -> Counters {
        self.part().contribution(self.counters)
    }

    /// What matters of it to completion. There are no files yet.
    #[must_use]
    pub fn completable(&self) -> Completable {
        Completable {
            kind: self.kind,
            element_type: self.content.element_type,
            evidence_required: self.content.evidence_required.unwrap_or(false),
            files: 0,
            completed: self.completed_at.is_some(),
            outcome: self.outcome,
            tasks: self.counters,
            assignee: self.content.assignee_id,
        }
    }

    /// The stage, theme and grid that an element or gate adds to.
    #[must_use]
    pub fn above(&self) -> Vec<WorkItemId> {
        [self.stage_id, self.theme_id, Some(self.grid_id)]
            .into_iter()
            .flatten()
            .collect()
    }
}
