//! Writing items. The caller holds the lock of their grid.

use chrono::{DateTime, Utc};
use kernel::{FolderId, MemberId, Revision, WorkItemId};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};
use tr_domain::{Content, GateOutcome, LocalMinute, WorkItemKind};

use crate::StoreError;
use crate::entities::{element, gate, grid, task, work_item};
use crate::sql::{Sql, id_value};

/// A new item.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct NewItem<'a> {
    pub id: WorkItemId,
    pub kind: WorkItemKind,
    pub grid_id: WorkItemId,
    pub parent_id: Option<WorkItemId>,
    pub folder_id: Option<FolderId>,
    pub stage_id: Option<WorkItemId>,
    pub theme_id: Option<WorkItemId>,
    pub position: i64,
    pub content: &'a Content,
    pub created_by: MemberId,
    pub created_at: DateTime<Utc>,
}

impl NewItem<'_> {
    fn model(&self) -> work_item::Model {
        let content = self.content;
        let local = |minute: Option<LocalMinute>| minute.map(LocalMinute::as_naive);
        work_item::Model {
            id: self.id.as_uuid(),
            kind: self.kind.to_string(),
            grid_id: self.grid_id.as_uuid(),
            parent_id: self.parent_id.map(Into::into),
            folder_id: self.folder_id.map(Into::into),
            stage_id: self.stage_id.map(Into::into),
            theme_id: self.theme_id.map(Into::into),
            position: self.position,
            name: content.name.to_string(),
            description: content.description.as_str().to_owned(),
            assignee_id: content.assignee_id.map(Into::into),
            rag: content.rag.map(|word| word.to_string()),
            completed_at: None,
            completed_by: None,
            leaves: 0,
            leaves_done: 0,
            leaves_unsized: 0,
            weight: 0,
            weight_done: 0,
            start: local(content.start),
            finish: local(content.finish),
            duration_minutes: content.duration_minutes,
            scheduling: content.scheduling.map(|word| word.to_string()),
            constraint_kind: content.constraint.map(|word| word.to_string()),
            constraint_date: local(content.constraint_date),
            deadline: local(content.deadline),
            calendar_id: content.calendar_id,
            actual_start: local(content.actual_start),
            actual_finish: local(content.actual_finish),
            remaining_minutes: content.remaining_minutes,
            revision: 1,
            schedule_revision: 0,
            created_at: self.created_at,
            created_by: self.created_by.as_uuid(),
            updated_at: self.created_at,
            deleted_at: None,
            deletion: None,
        }
    }
}

/// Writes a new item with its side table.
///
/// # Errors
/// When the database fails.
pub async fn insert(conn: &impl ConnectionTrait, item: &NewItem<'_>) -> Result<(), StoreError> {
    let work_item_id = item.id.as_uuid();
    work_item::Entity::insert(item.model().into_active_model())
        .exec_without_returning(conn)
        .await?;
    match item.kind {
        WorkItemKind::Grid => {
            let row = grid::Model {
                work_item_id,
                is_master: false,
                archived_at: None,
            };
            grid::Entity::insert(row.into_active_model())
                .exec_without_returning(conn)
                .await?;
        }
        WorkItemKind::Element => {
            let element_type = item
                .content
                .element_type
                .map(|t| t.to_string())
                .unwrap_or_default();
            let row = element::Model {
                work_item_id,
                element_type,
            };
            element::Entity::insert(row.into_active_model())
                .exec_without_returning(conn)
                .await?;
        }
        WorkItemKind::Gate => {
            let row = gate::Model {
                work_item_id,
                outcome: None,
                decided_at: None,
                decided_by: None,
                note: String::new(),
            };
            gate::Entity::insert(row.into_active_model())
                .exec_without_returning(conn)
                .await?;
        }
        WorkItemKind::Task => {
            let evidence_required = item.content.evidence_required.unwrap_or(false);
            let row = task::Model {
                work_item_id,
                evidence_required,
            };
            task::Entity::insert(row.into_active_model())
                .exec_without_returning(conn)
                .await?;
        }
        WorkItemKind::Stage | WorkItemKind::Theme => {}
    }
    Ok(())
}

/// Writes an item's content, side tables only where they differ from `old`.
///
/// # Errors
/// When the database fails.
pub async fn update_content(
    conn: &impl ConnectionTrait,
    id: WorkItemId,
    old: &Content,
    new: &Content,
) -> Result<(), StoreError> {
    let local = |minute: Option<LocalMinute>| minute.map(LocalMinute::as_naive);
    Sql::new(
        "UPDATE work_items SET name = ?, description = ?, assignee_id = ?, rag = ?, start = ?, \
         finish = ?, duration_minutes = ?, scheduling = ?, constraint_kind = ?, \
         constraint_date = ?, deadline = ?, calendar_id = ?, actual_start = ?, actual_finish = ?, \
         remaining_minutes = ? WHERE id = ?",
    )
    .bind(new.name.to_string())
    .bind(new.description.as_str().to_owned())
    .bind(id_value(new.assignee_id))
    .bind(new.rag.map(|word| word.to_string()))
    .bind(local(new.start))
    .bind(local(new.finish))
    .bind(new.duration_minutes)
    .bind(new.scheduling.map(|word| word.to_string()))
    .bind(new.constraint.map(|word| word.to_string()))
    .bind(local(new.constraint_date))
    .bind(local(new.deadline))
    .bind(new.calendar_id)
    .bind(local(new.actual_start))
    .bind(local(new.actual_finish))
    .bind(new.remaining_minutes)
    .bind(id.as_uuid())
    .run(conn)
    .await?;
    if let Some(element_type) = new
        .element_type
        .filter(|_| new.element_type != old.element_type)
    {
        Sql::new("UPDATE elements SET element_type = ? WHERE work_item_id = ?")
            .bind(element_type.to_string())
            .bind(id.as_uuid())
            .run(conn)
            .await?;
    }
    if let Some(required) = new
        .evidence_required
        .filter(|r| Some(*r) != old.evidence_required)
    {
        Sql::new("UPDATE tasks SET evidence_required = ? WHERE work_item_id = ?")
            .bind(required)
            .bind(id.as_uuid())
            .run(conn)
            .await?;
    }
    Ok(())
}

/// Notes that an item was changed: its revision, when people did it, and the time.
///
/// # Errors
/// When the database fails.
pub async fn touch(
    conn: &impl ConnectionTrait,
    id: WorkItemId,
    revision: Revision,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    Sql::new("UPDATE work_items SET revision = ?, updated_at = ? WHERE id = ?")
        .bind(revision.0)
        .bind(at)
        .bind(id.as_uuid())
        .run(conn)
        .await
        .map(drop)
}

/// Completes an item (with when and by whom) or reopens it.
///
/// # Errors
/// When the database fails.
pub async fn set_completed(
    conn: &impl ConnectionTrait,
    id: WorkItemId,
    completed: Option<(DateTime<Utc>, MemberId)>,
) -> Result<(), StoreError> {
    Sql::new("UPDATE work_items SET completed_at = ?, completed_by = ? WHERE id = ?")
        .bind(completed.map(|(at, _)| at))
        .bind(id_value(completed.map(|(_, by)| by)))
        .bind(id.as_uuid())
        .run(conn)
        .await
        .map(drop)
}

/// Writes or takes back the decision at a gate.
///
/// # Errors
/// When the database fails.
pub async fn set_outcome(
    conn: &impl ConnectionTrait,
    id: WorkItemId,
    decision: Option<(GateOutcome, DateTime<Utc>, MemberId, &str)>,
) -> Result<(), StoreError> {
    Sql::new(
        "UPDATE gates SET outcome = ?, decided_at = ?, decided_by = ?, note = ? \
         WHERE work_item_id = ?",
    )
    .bind(decision.map(|(outcome, ..)| outcome.to_string()))
    .bind(decision.map(|(_, at, ..)| at))
    .bind(id_value(decision.map(|(_, _, by, _)| by)))
    .bind(decision.map_or("", |(.., note)| note).to_owned())
    .bind(id.as_uuid())
    .run(conn)
    .await
    .map(drop)
}

/// Puts an item elsewhere, and the tasks in it with it.
///
/// # Errors
/// When the database fails.
pub async fn relocate(
    conn: &impl ConnectionTrait,
    item: &super::ItemRow,
) -> Result<(), StoreError> {
    Sql::new(
        "UPDATE work_items SET grid_id = ?, parent_id = ?, folder_id = ?, stage_id = ?, \
         theme_id = ?, position = ? WHERE id = ?",
    )
    .bind(item.grid_id.as_uuid())
    .bind(id_value(item.parent_id))
    .bind(id_value(item.folder_id))
    .bind(id_value(item.stage_id))
    .bind(id_value(item.theme_id))
    .bind(item.position)
    .bind(item.id.as_uuid())
    .run(conn)
    .await?;
    if matches!(item.kind, WorkItemKind::Element | WorkItemKind::Gate) {
        Sql::new(
            "UPDATE work_items SET grid_id = ?, stage_id = ?, theme_id = ? WHERE parent_id = ?",
        )
        .bind(item.grid_id.as_uuid())
        .bind(id_value(item.stage_id))
        .bind(id_value(item.theme_id))
        .bind(item.id.as_uuid())
        .run(conn)
        .await?;
    }
    Ok(())
}
