//! Linking two items that the caller sees, of which they may edit the successor.

use db::TenantDb;
use kernel::{RequestContext, WorkItemId};
use tr_domain::access::Level;
use tr_domain::dependency::{MAX_LAG_MINUTES, closes_circle, schedulable};
use tr_domain::event::EventKind;
use tr_domain::{DependencyKind, Faults};
use tr_store::StoreError;
use tr_store::dependencies as store;
use tr_store::locks::lock_structure;
use tr_store::work_items::{self, ItemRow, Located};

use super::error::DependencyError;
use super::events::events;
use crate::error::{Denied, allow};
use crate::idempotency::{Keyed, Outcome};
use crate::unit::{Unit, keyed, new_id};
use crate::views::DependencyView;

/// A new dependency.
#[derive(Debug, Clone, Copy)]
pub struct CreateDependency {
    /// What comes first.
    pub predecessor_id: WorkItemId,
    /// What follows.
    pub successor_id: WorkItemId,
    /// Which ends are tied.
    pub kind: DependencyKind,
    /// Working minutes between them; negative for a lead.
    pub lag_minutes: i32,
}

/// Links two items.
///
/// # Errors
/// When the caller may not, the values are wrong, the link is there already or would close a
/// circle, or the database fails.
pub async fn create_dependency(
    ctx: &RequestContext,
    db: &TenantDb,
    command: CreateDependency,
    key: Option<Keyed<'_, DependencyView>>,
) -> Result<Outcome<DependencyView>, DependencyError> {
    let (first, second) = (command.predecessor_id, command.successor_id);
    let prepare = async || {
        let first = work_items::locate(db.conn(), first).await?;
        Ok([first, work_items::locate(db.conn(), second).await?])
    };
    let work = async |unit: &mut Unit<'_>, located: [Option<Located>; 2]| {
        lock_structure(unit.conn()).await?;
        let grids: Vec<_> = located.iter().flatten().map(|l| l.grid_id).collect();
        unit.lock_grids(&grids).await?;
        let mut faults = Faults::none();
        let predecessor = end(unit, first, "predecessor_id", &mut faults).await?;
        let successor = end(unit, second, "successor_id", &mut faults).await?;
        if let Some(successor) = &successor {
            allow(successor.level, Level::Edit)?;
        }
        if command.lag_minutes.unsigned_abs() > MAX_LAG_MINUTES.unsigned_abs() {
            let detail = format!("at most {MAX_LAG_MINUTES} minutes either way");
            faults.add("lag_minutes", "out_of_range", detail);
        }
        if let (Some(predecessor), Some(successor)) = (&predecessor, &successor) {
            check_ends(predecessor, successor, &mut faults);
        }
        faults.into_result()?;
        if closes_circle(&store::edges(unit.conn()).await?, first, second) {
            return Err(DependencyError::Circle);
        }
        let id = new_id();
        let (kind, lag) = (command.kind, command.lag_minutes);
        store::insert(unit.conn(), id, (first, second), kind, lag, unit.now())
            .await
            .map_err(exists)?;
        let row = store::find(unit.conn(), &unit.viewer, id)
            .await?
            .ok_or(Denied::NotFound)?;
        for event in events(EventKind::DependencyCreated, &row) {
            unit.emit(event);
        }
        Ok(row.into())
    };
    keyed(ctx, db, key, prepare, work).await
}

async fn end(
    unit: &Unit<'_>,
    id: WorkItemId,
    field: &str,
    faults: &mut Faults,
) -> Result<Option<ItemRow>, StoreError> {
    let item = work_items::find(unit.conn(), &unit.viewer, id).await?;
    let item = item.filter(|item| item.level.is_some());
    if item.is_none() {
        faults.add(field, "unknown", "there is no such item");
    }
    Ok(item)
}

fn check_ends(predecessor: &ItemRow, successor: &ItemRow, faults: &mut Faults) {
    for (field, item) in [("predecessor_id", predecessor), ("successor_id", successor)] {
        if !schedulable(item.kind, item.content.element_type) {
            faults.add(field, "not_schedulable", "the item is not scheduled");
        }
    }
    if predecessor.id == successor.id {
        faults.add("successor_id", "same_item", "an item cannot follow itself");
    } else if lies_in(predecessor, successor) || lies_in(successor, predecessor) {
        faults.add(
            "successor_id",
            "related",
            "one of the items lies in the other",
        );
    }
}

fn lies_in(inner: &ItemRow, outer: &ItemRow) -> bool {
    [inner.parent_id, inner.stage_id].contains(&Some(outer.id))
}

fn exists(error: StoreError) -> DependencyError {
    if error.is_duplicate() {
        DependencyError::Exists
    } else {
        error.into()
    }
}
