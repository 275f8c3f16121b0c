//! Putting an item before or after another.

use db::TenantDb;
use kernel::WorkItemId;
use serde_json::json;
use tr_domain::event::{Event, EventKind, FieldChange};
use tr_domain::position::spot;
use tr_domain::{Faults, WorkItemKind};
use tr_store::StoreError;
use tr_store::work_items::{self as store, ItemRow, Sibling, Siblings};

use crate::events::item_event;
use crate::unit::Unit;

/// Where among its siblings: before one, after one, or at the end.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Beside {
    pub before: Option<WorkItemId>,
    pub after: Option<WorkItemId>,
}

/// Where an item comes to stand.
pub(super) struct Standing {
    pub position: i64,
    /// Its siblings that make room for it, as they are, with their new positions.
    pub renumbered: Vec<(Sibling, i64)>,
}

/// Where `item` stands when it is beside these; where it is, if it is there already.
pub(super) fn standing(
    all: &[Sibling],
    item: WorkItemId,
    beside: Beside,
    faults: &mut Faults,
) -> Standing {
    let at = |position| Standing {
        position,
        renumbered: Vec::new(),
    };
    let others: Vec<Sibling> = all.iter().copied().filter(|s| s.id != item).collect();
    let Some(index) = index_of(&others, beside, faults) else {
        return at(0);
    };
    let now = all.iter().position(|s| s.id == item);
    if let Some(present) = now.filter(|now| *now == index).and_then(|now| all.get(now)) {
        return at(present.position);
    }
    let positions: Vec<i64> = others.iter().map(|s| s.position).collect();
    let found = spot(&positions, index);
    let renumbered = found.renumbered.into_iter();
    Standing {
        position: found.position,
        renumbered: renumbered
            .filter_map(|(at, position)| Some((*others.get(at)?, position)))
            .collect(),
    }
}

/// The grids that make room for another, as it looks before the transaction: they are to be locked
/// with it.
pub(super) async fn grids_to_renumber(
    db: &TenantDb,
    grid: WorkItemId,
    siblings: Siblings,
    beside: Beside,
) -> Result<Vec<WorkItemId>, StoreError> {
    let all = store::siblings(db.conn(), siblings).await?;
    let standing = standing(&all, grid, beside, &mut Faults::none());
    let renumbered = standing.renumbered.into_iter();
    Ok(renumbered.map(|(sibling, _)| sibling.id).collect())
}

/// Gives the siblings of `item`, as it will be, their new positions. Nobody moved them, so their
/// revisions stay; but whoever looks at one sees it change.
pub(super) async fn renumber(
    unit: &mut Unit<'_>,
    item: &ItemRow,
    renumbered: Vec<(Sibling, i64)>,
) -> Result<(), StoreError> {
    for (sibling, position) in renumbered {
        let grid_id = match item.kind {
            WorkItemKind::Grid => sibling.id,
            _ => item.grid_id,
        };
        if !unit.holds(grid_id) {
            return Err(StoreError::Stale);
        }
        store::set_position(unit.conn(), sibling.id, position).await?;
        let (old, new) = (json!(sibling.position), json!(position));
        let change = FieldChange::of("position", old, new);
        unit.emit(Event {
            object_id: sibling.id.as_uuid(),
            grid_id: Some(grid_id),
            ..item_event(EventKind::WorkItemMoved, item, vec![change])
        });
    }
    Ok(())
}

/// The index among the others.
fn index_of(others: &[Sibling], beside: Beside, faults: &mut Faults) -> Option<usize> {
    let mut find = |field: &str, id: WorkItemId| {
        let found = others.iter().position(|s| s.id == id);
        if found.is_none() {
            faults.add(field, "unknown", "there is no such item beside it");
        }
        found
    };
    match (beside.before, beside.after) {
        (None, None) => Some(others.len()),
        (Some(before), None) => find("before", before),
        (None, Some(after)) => find("after", after).map(|index| index + 1),
        (Some(before), Some(after)) => {
            let (before, after) = (find("before", before)?, find("after", after)?);
            if after + 1 != before {
                faults.add(
                    "before",
                    "not_neighbours",
                    "`after` and `before` are not neighbours",
                );
            }
            Some(before)
        }
    }
}
