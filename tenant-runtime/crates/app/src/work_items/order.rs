//! Putting an item before or after another.

use kernel::WorkItemId;
use tr_domain::Faults;
use tr_domain::position::{between, nth};
use tr_store::StoreError;
use tr_store::work_items::{self as store, Sibling, Siblings};

use crate::unit::Unit;

/// Where among its siblings: before one, after one, or at the end.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spot {
    pub before: Option<WorkItemId>,
    pub after: Option<WorkItemId>,
}

/// The position of `item` at the spot; the present one when it is there already.
pub(super) async fn position_at(
    unit: &Unit<'_>,
    item: WorkItemId,
    place: Siblings,
    spot: Spot,
    faults: &mut Faults,
) -> Result<i64, StoreError> {
    let all = store::siblings(unit.conn(), place).await?;
    let others: Vec<Sibling> = all.iter().copied().filter(|s| s.id != item).collect();
    let Some(index) = index_of(&others, spot, faults) else {
        return Ok(0);
    };
    let now = all.iter().position(|s| s.id == item);
    if let Some(present) = now.filter(|now| *now == index).and_then(|now| all.get(now)) {
        return Ok(present.position);
    }
    let before = index
        .checked_sub(1)
        .and_then(|i| others.get(i))
        .map(|s| s.position);
    let after = others.get(index).map(|s| s.position);
    if let Some(position) = between(before, after) {
        return Ok(position);
    }
    for (at, sibling) in others.iter().enumerate() {
        let position = nth(if at < index { at } else { at + 1 });
        store::set_position(unit.conn(), sibling.id, position).await?;
    }
    Ok(nth(index))
}

/// The index among the others.
fn index_of(others: &[Sibling], spot: Spot, faults: &mut Faults) -> Option<usize> {
    let mut find = |field: &str, id: WorkItemId| {
        let found = others.iter().position(|s| s.id == id);
        if found.is_none() {
            faults.add(field, "unknown", "there is no such item beside it");
        }
        found
    };
    match (spot.before, spot.after) {
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
