//! Keeping the counters of roll-up, and what follows from them. The grid is locked.

use serde_json::{Value, json};
use tr_domain::completion::settled;
use tr_domain::event::{EventKind, FieldChange};
use tr_domain::rollup::Counters;
use tr_store::StoreError;
use tr_store::work_items::{self as store, ItemRow};

use crate::events::item_event;
use crate::unit::Unit;

/// A task in `owner` changed what it adds by `difference`: passes it on, and completes or reopens
/// the owner where its tasks decide that.
pub(super) async fn task_changed(
    unit: &mut Unit<'_>,
    owner: &ItemRow,
    difference: Counters,
) -> Result<(), StoreError> {
    let mut after = owner.clone();
    after.counters = owner.counters.plus(difference);
    store::add_counters(unit.conn(), &[owner.id], difference).await?;
    changed(unit, owner, &after).await?;
    settle(unit, &after).await
}

/// An element or gate changed, or went elsewhere: takes away what it added and adds what it adds.
pub(super) async fn changed(
    unit: &Unit<'_>,
    before: &ItemRow,
    after: &ItemRow,
) -> Result<(), StoreError> {
    let (was, is) = (before.contribution(), after.contribution());
    if before.above() == after.above() {
        return store::add_counters(unit.conn(), &before.above(), is.minus(was)).await;
    }
    store::add_counters(unit.conn(), &before.above(), Counters::ZERO.minus(was)).await?;
    store::add_counters(unit.conn(), &after.above(), is).await
}

/// Completes an element when all its tasks are, and reopens it when one is not. Nobody edits the
/// element by that, so its revision stays.
pub(super) async fn settle(unit: &mut Unit<'_>, item: &ItemRow) -> Result<(), StoreError> {
    let is = item.completed_at.is_some();
    let should = settled(item.kind, item.content.element_type, item.counters).unwrap_or(is);
    if should == is {
        return Ok(());
    }
    let now = unit.now();
    let completed = should.then_some((now, unit.ctx.actor.member));
    store::set_completed(unit.conn(), item.id, completed).await?;
    store::touch(unit.conn(), item.id, item.revision, now).await?;
    let kind = if should {
        EventKind::WorkItemCompleted
    } else {
        EventKind::WorkItemReopened
    };
    let new = if should { json!(now) } else { Value::Null };
    let change = FieldChange::of("completed_at", json!(item.completed_at), new);
    unit.emit(item_event(kind, item, vec![change]));
    Ok(())
}
