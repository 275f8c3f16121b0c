//! Bringing back what a deletion took, no more and no less.

use chrono::TimeDelta;
use db::TenantDb;
use kernel::{IfMatch, RequestContext, WorkItemId};
use serde_json::{Value, json};
use tr_domain::WorkItemKind;
use tr_domain::access::Level;
use tr_domain::event::{EventKind, FieldChange};
use tr_store::folders;
use tr_store::work_items::{self as store, ItemRow, Located};

use super::error::WorkItemError;
use super::load::{again, locate, lock, still_there};
use super::roll_up::settle;
use crate::error::{Denied, allow, may_match};
use crate::events::item_event;
use crate::idempotency::{Keyed, Outcome};
use crate::unit::{Unit, keyed};
use crate::views::WorkItemView;

/// How long a deletion can be taken back.
pub(crate) const KEPT: TimeDelta = TimeDelta::days(30);

/// Brings back a deleted work item with all that was deleted with it. One that is not deleted is
/// given as it is.
///
/// # Errors
/// When the caller may not, the revision is another, it is too late, what it lay in is deleted, or
/// the database fails.
pub async fn undelete_work_item(
    ctx: &RequestContext,
    db: &TenantDb,
    id: WorkItemId,
    if_match: IfMatch,
    key: Option<Keyed<'_, WorkItemView>>,
) -> Result<Outcome<WorkItemView>, WorkItemError> {
    let prepare = async || locate(db, id).await;
    let work = async |unit: &mut Unit<'_>, located: Option<Located>| {
        let located = located.ok_or(Denied::NotFound)?;
        lock(unit, located).await?;
        let item = store::find_any(unit.conn(), &unit.viewer, id)
            .await?
            .ok_or(Denied::NotFound)?;
        still_there(&item, located)?;
        allow(item.level, Level::Manage)?;
        may_match(if_match, item.revision)?;
        let Some(deleted_at) = item.deleted_at else {
            return Ok(item.into());
        };
        if item.deletion != Some(id.as_uuid()) {
            return Err(WorkItemError::DeletedWithParent);
        }
        if unit.now() - deleted_at > KEPT {
            return Err(WorkItemError::DeletedTooLongAgo);
        }
        check_around(unit, &item).await?;
        let count = store::undelete(unit.conn(), id).await?;
        store::touch(unit.conn(), id, item.revision.next(), unit.now()).await?;
        recount(unit, &item).await?;
        let new = json!({ "kind": item.kind, "name": item.content.name, "items": count });
        let change = FieldChange::whole(Value::Null, new);
        unit.emit(item_event(
            EventKind::WorkItemUndeleted,
            &item,
            vec![change],
        ));
        Ok(again(unit, id).await?.into())
    };
    keyed(ctx, db, key, prepare, work).await
}

/// What it lies in must be there.
async fn check_around(unit: &Unit<'_>, item: &ItemRow) -> Result<(), WorkItemError> {
    let theme = item.theme_id.filter(|_| item.kind == WorkItemKind::Element);
    for around in [item.parent_id, theme].into_iter().flatten() {
        if store::find(unit.conn(), &unit.viewer, around)
            .await?
            .is_none()
        {
            return Err(WorkItemError::ParentDeleted);
        }
    }
    if let Some(folder) = item.folder_id {
        let folder = folders::find_any(unit.conn(), &unit.viewer, folder).await?;
        if folder.is_none_or(|folder| folder.deleted_at.is_some()) {
            return Err(WorkItemError::ParentDeleted);
        }
    }
    Ok(())
}

/// Counts the grid anew, and lets the element of a task follow.
async fn recount(unit: &mut Unit<'_>, item: &ItemRow) -> Result<(), WorkItemError> {
    store::recount(unit.conn(), item.grid_id).await?;
    if let Some(owner) = item.parent_id.filter(|_| item.kind == WorkItemKind::Task) {
        let owner = again(unit, owner).await?;
        settle(unit, &owner).await?;
    }
    Ok(())
}
