//! Soft deletion of an item with all that is in it.

use db::TenantDb;
use kernel::{IfMatch, RequestContext, WorkItemId};
use serde_json::{Value, json};
use tr_domain::WorkItemKind;
use tr_domain::access::Level;
use tr_domain::event::{EventKind, FieldChange};
use tr_domain::rollup::Counters;
use tr_store::work_items::{self as store, ItemRow};

use super::error::WorkItemError;
use super::load::{again, locate, locked};
use super::roll_up::task_changed;
use crate::error::{allow, matches};
use crate::events::item_event;
use crate::unit::{Unit, write};

/// Deletes a work item. It can be brought back for 30 days.
///
/// # Errors
/// When the caller may not, the revision is another, or the database fails.
pub async fn delete_work_item(
    ctx: &RequestContext,
    db: &TenantDb,
    id: WorkItemId,
    if_match: IfMatch,
) -> Result<(), WorkItemError> {
    let prepare = async || locate(db, id).await;
    write(ctx, db, prepare, async |unit, located| {
        let item = locked(unit, located, id).await?;
        allow(item.level, Level::Manage)?;
        matches(if_match, item.revision)?;
        store::touch(unit.conn(), id, item.revision.next(), unit.now()).await?;
        let count = store::delete_subtree(unit.conn(), item.kind, id, unit.now()).await?;
        uncount(unit, &item).await?;
        let old = json!({ "kind": item.kind, "name": item.content.name, "items": count });
        let change = FieldChange::whole(old, Value::Null);
        unit.emit(item_event(EventKind::WorkItemDeleted, &item, vec![change]));
        Ok(())
    })
    .await
}

/// Takes the deleted item out of the counters above it.
async fn uncount(unit: &mut Unit<'_>, item: &ItemRow) -> Result<(), WorkItemError> {
    let without = Counters::ZERO.minus(item.contribution());
    match (item.kind, item.parent_id) {
        (WorkItemKind::Task, Some(owner)) => {
            let owner = again(unit, owner).await?;
            task_changed(unit, &owner, without).await?;
        }
        (WorkItemKind::Element | WorkItemKind::Gate, _) => {
            store::add_counters(unit.conn(), &item.above(), without).await?;
        }
        (WorkItemKind::Stage | WorkItemKind::Theme, _) => {
            store::recount(unit.conn(), item.grid_id).await?;
        }
        _ => {}
    }
    Ok(())
}
