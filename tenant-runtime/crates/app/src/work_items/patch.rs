//! Changing an item's fields and labels. What changes nothing leaves no trace.

use db::TenantDb;
use kernel::{IfMatch, RequestContext, WorkItemId};
use serde_json::{Value, json};
use tr_domain::access::Level;
use tr_domain::event::{EventKind, FieldChange};
use tr_domain::labels::LabelChoice;
use tr_domain::{Content, ContentPatch, ElementType, Faults, WorkItemKind};
use tr_store::labels;
use tr_store::work_items::{self as store, ItemRow};

use super::error::WorkItemError;
use super::load::{again, locate, locked};
use super::references::{check, check_labels};
use super::roll_up::{changed, settle, task_changed};
use crate::error::{allow, matches};
use crate::events::item_event;
use crate::unit::{Unit, write};
use crate::views::WorkItemView;

/// A change of an item.
#[derive(Debug, Clone)]
pub struct PatchWorkItem {
    /// Which.
    pub id: WorkItemId,
    /// Of which revision.
    pub if_match: IfMatch,
    /// The fields to change.
    pub content: ContentPatch,
    /// All labels it shall carry.
    pub labels: Option<Vec<LabelChoice>>,
}

/// Changes a work item.
///
/// # Errors
/// When the caller may not, the revision is another, the values are wrong, or the database fails.
pub async fn patch_work_item(
    ctx: &RequestContext,
    db: &TenantDb,
    command: PatchWorkItem,
) -> Result<WorkItemView, WorkItemError> {
    let prepare = async || locate(db, command.id).await;
    write(ctx, db, prepare, async |unit, located| {
        let item = locked(unit, located, command.id).await?;
        allow(item.level, Level::Edit)?;
        matches(command.if_match, item.revision)?;
        patch(unit, &item, &command).await
    })
    .await
}

async fn patch(
    unit: &mut Unit<'_>,
    item: &ItemRow,
    command: &PatchWorkItem,
) -> Result<WorkItemView, WorkItemError> {
    let mut faults = Faults::none();
    let content = faults.absorb(item.content.with(item.kind, command.content.clone()));
    if let Some(content) = &content {
        check(unit, Some(&item.content), content, &mut faults).await?;
        check_type(item, content, &mut faults);
    }
    let carried = carried(item);
    let choice = match &command.labels {
        None => carried.clone(),
        Some(choice) => check_labels(unit, &carried, choice.clone(), &mut faults).await?,
    };
    faults.into_result()?;
    let content = content.unwrap_or_else(|| item.content.clone());
    let mut changes = content.changes_from(&item.content);
    if choice != carried {
        changes.push(FieldChange::of(
            "labels",
            as_json(&carried),
            as_json(&choice),
        ));
        labels::put_on_item(unit.conn(), item.id, &choice).await?;
    }
    if changes.is_empty() {
        return Ok(item.clone().into());
    }
    store::update_content(unit.conn(), item.id, &item.content, &content).await?;
    store::touch(unit.conn(), item.id, item.revision.next(), unit.now()).await?;
    let mut after = item.clone();
    after.content = content;
    after.revision = item.revision.next();
    if item.content.element_type != after.content.element_type && after.completed_at.is_some() {
        // Completion by a tick does not outlive the tick box.
        store::set_completed(unit.conn(), item.id, None).await?;
        after.completed_at = None;
        changes.push(FieldChange::of(
            "completed_at",
            json!(item.completed_at),
            Value::Null,
        ));
    }
    unit.emit(item_event(EventKind::WorkItemChanged, &after, changes));
    count(unit, item, &after).await?;
    Ok(again(unit, item.id).await?.into())
}

/// An element that has tasks keeps taking tasks.
fn check_type(item: &ItemRow, content: &Content, faults: &mut Faults) {
    let takes_none = content.element_type != Some(ElementType::WithTasks);
    if item.kind == WorkItemKind::Element && takes_none && item.counters.leaves > 0 {
        faults.add(
            "element_type",
            "has_tasks",
            "the element has tasks: move or delete them first",
        );
    }
}

async fn count(
    unit: &mut Unit<'_>,
    before: &ItemRow,
    after: &ItemRow,
) -> Result<(), WorkItemError> {
    match (before.kind, before.parent_id) {
        (WorkItemKind::Task, Some(owner)) => {
            let difference = after.contribution().minus(before.contribution());
            if !difference.is_zero() {
                let owner = again(unit, owner).await?;
                task_changed(unit, &owner, difference).await?;
            }
        }
        (WorkItemKind::Element | WorkItemKind::Gate, _) => {
            changed(unit, before, after).await?;
            settle(unit, after).await?;
        }
        _ => {}
    }
    Ok(())
}

/// The labels an item carries, in the order of choices.
fn carried(item: &ItemRow) -> Vec<LabelChoice> {
    let mut choice: Vec<_> = item
        .labels
        .iter()
        .map(|l| LabelChoice {
            label: l.id,
            primary: l.primary,
        })
        .collect();
    choice.sort_by_key(|c| c.label);
    choice
}

fn as_json(choice: &[LabelChoice]) -> Value {
    choice
        .iter()
        .map(|c| json!({ "id": c.label, "primary": c.primary }))
        .collect()
}
