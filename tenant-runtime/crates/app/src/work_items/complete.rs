//! Completing a task or element, and deciding a gate.

use db::TenantDb;
use kernel::{IfMatch, RequestContext, WorkItemId};
use serde_json::{Value, json};
use tr_domain::access::Level;
use tr_domain::event::{EventKind, FieldChange};
use tr_domain::text::Prose;
use tr_domain::{Faults, GateOutcome, WorkItemKind};
use tr_store::work_items::{self as store, ItemRow, Located};

use super::error::WorkItemError;
use super::load::{again, locate, locked};
use super::roll_up::{changed, task_changed};
use crate::error::{Denied, allow, may_match};
use crate::events::item_event;
use crate::idempotency::{Keyed, Outcome};
use crate::unit::{Unit, keyed};
use crate::views::WorkItemView;

/// A completion.
#[derive(Debug, Clone)]
pub struct CompleteWorkItem {
    /// Which.
    pub id: WorkItemId,
    /// Of which revision.
    pub if_match: IfMatch,
    /// What was decided, at a gate.
    pub outcome: Option<GateOutcome>,
    /// Why, at a gate; needed when its tasks are not done.
    pub note: Option<String>,
}

/// Completes a work item. One that is complete is given as it is.
///
/// # Errors
/// When the caller may not, something stands in the way, the values are wrong, or the database
/// fails.
pub async fn complete_work_item(
    ctx: &RequestContext,
    db: &TenantDb,
    command: CompleteWorkItem,
    key: Option<Keyed<'_, WorkItemView>>,
) -> Result<Outcome<WorkItemView>, WorkItemError> {
    let prepare = async || locate(db, command.id).await;
    let work = async |unit: &mut Unit<'_>, located: Option<Located>| {
        let item = locked(unit, located, command.id).await?;
        may_complete(unit, &item)?;
        may_match(command.if_match, item.revision)?;
        let note = check(&item, &command)?;
        let has_note = !note.as_str().trim().is_empty();
        if !item
            .completable()
            .check_complete(command.outcome, has_note)?
        {
            return Ok(item.into());
        }
        complete(unit, &item, command.outcome, &note).await?;
        Ok(again(unit, command.id).await?.into())
    };
    keyed(ctx, db, key, prepare, work).await
}

/// Whether the caller may complete and reopen the item.
pub(super) fn may_complete(unit: &Unit<'_>, item: &ItemRow) -> Result<(), Denied> {
    let level = allow(item.level, Level::View)?;
    let member = unit.ctx.actor.member;
    if item.completable().may_complete(member, level) {
        Ok(())
    } else {
        Err(Denied::Forbidden)
    }
}

/// A gate needs an outcome; nothing else has one.
fn check(item: &ItemRow, command: &CompleteWorkItem) -> Result<Prose, Faults> {
    let mut faults = Faults::none();
    let gate = item.kind == WorkItemKind::Gate;
    if gate && command.outcome.is_none() {
        faults.add("outcome", "required", "a gate is completed by its outcome");
    }
    if !gate && command.outcome.is_some() {
        faults.add("outcome", "not_applicable", "only a gate has an outcome");
    }
    if !gate && command.note.is_some() {
        faults.add("note", "not_applicable", "only a gate has a note");
    }
    let note = faults.check(
        "note",
        Prose::new(command.note.as_deref().unwrap_or_default()),
    );
    faults.into_result()?;
    Ok(note.unwrap_or_default())
}

async fn complete(
    unit: &mut Unit<'_>,
    item: &ItemRow,
    outcome: Option<GateOutcome>,
    note: &Prose,
) -> Result<(), WorkItemError> {
    let (now, by) = (unit.now(), unit.ctx.actor.member);
    let mut after = item.clone();
    after.completed_at = Some(now);
    after.revision = item.revision.next();
    store::set_completed(unit.conn(), item.id, Some((now, by))).await?;
    store::touch(unit.conn(), item.id, after.revision, now).await?;
    let mut changes = vec![FieldChange::of("completed_at", Value::Null, json!(now))];
    if let Some(outcome) = outcome {
        after.outcome = Some(outcome);
        let decision = Some((outcome, now, by, note.as_str()));
        store::set_outcome(unit.conn(), item.id, decision).await?;
        changes.push(FieldChange::of(
            "outcome",
            json!(item.outcome),
            json!(outcome),
        ));
        if !note.as_str().is_empty() {
            changes.push(FieldChange::of("note", Value::Null, json!(note)));
        }
    }
    unit.emit(item_event(EventKind::WorkItemCompleted, &after, changes));
    count(unit, item, &after).await
}

/// Passes the difference of a completed or reopened leaf on.
pub(super) async fn count(
    unit: &mut Unit<'_>,
    before: &ItemRow,
    after: &ItemRow,
) -> Result<(), WorkItemError> {
    match (before.kind, before.parent_id) {
        (WorkItemKind::Task, Some(owner)) => {
            let owner = again(unit, owner).await?;
            let difference = after.contribution().minus(before.contribution());
            task_changed(unit, &owner, difference).await?;
        }
        _ => changed(unit, before, after).await?,
    }
    Ok(())
}
