//! Reopening what a person completed or decided.

use db::TenantDb;
use kernel::{IfMatch, RequestContext, WorkItemId};
use serde_json::{Value, json};
use tr_domain::event::{EventKind, FieldChange};
use tr_store::work_items::{self as store, ItemRow, Located};

use super::complete::{count, may_complete};
use super::error::WorkItemError;
use super::load::{again, locate, locked};
use crate::error::may_match;
use crate::events::item_event;
use crate::idempotency::{Keyed, Outcome};
use crate::unit::{Unit, keyed};
use crate::views::WorkItemView;

/// Reopens a work item. One that is open is given as it is.
///
/// # Errors
/// When the caller may not, it is not for people to reopen, or the database fails.
pub async fn reopen_work_item(
    ctx: &RequestContext,
    db: &TenantDb,
    id: WorkItemId,
    if_match: IfMatch,
    key: Option<Keyed<'_, WorkItemView>>,
) -> Result<Outcome<WorkItemView>, WorkItemError> {
    let prepare = async || locate(db, id).await;
    let work = async |unit: &mut Unit<'_>, located: Option<Located>| {
        let item = locked(unit, located, id).await?;
        may_complete(unit, &item)?;
        may_match(if_match, item.revision)?;
        item.completable().by_person()?;
        if item.completed_at.is_none() {
            return Ok(item.into());
        }
        reopen(unit, &item).await?;
        Ok(again(unit, id).await?.into())
    };
    keyed(ctx, db, key, prepare, work).await
}

async fn reopen(unit: &mut Unit<'_>, item: &ItemRow) -> Result<(), WorkItemError> {
    let mut after = item.clone();
    after.completed_at = None;
    after.outcome = None;
    after.revision = item.revision.next();
    store::set_completed(unit.conn(), item.id, None).await?;
    store::touch(unit.conn(), item.id, after.revision, unit.now()).await?;
    let mut changes = vec![FieldChange::of(
        "completed_at",
        json!(item.completed_at),
        Value::Null,
    )];
    if item.outcome.is_some() {
        store::set_outcome(unit.conn(), item.id, None).await?;
        changes.push(FieldChange::of("outcome", json!(item.outcome), Value::Null));
        if let Some(note) = item.gate_note.as_ref().filter(|note| !note.is_empty()) {
            changes.push(FieldChange::of("note", json!(note), Value::Null));
        }
    }
    unit.emit(item_event(EventKind::WorkItemReopened, &after, changes));
    count(unit, item, &after).await
}
