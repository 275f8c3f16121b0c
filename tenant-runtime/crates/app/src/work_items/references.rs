//! What the fields of an item refer to must be there and be known to the caller: an id that they
//! may not see answers exactly like one that does not exist.

use tr_domain::labels::{LabelChoice, checked};
use tr_domain::{Content, Faults};
use tr_store::members::{self, MemberState};
use tr_store::{StoreError, labels};

use crate::unit::Unit;

/// Checks the references that differ from `old`.
pub(super) async fn check(
    unit: &Unit<'_>,
    old: Option<&Content>,
    new: &Content,
    faults: &mut Faults,
) -> Result<(), StoreError> {
    if let Some(assignee) = new
        .assignee_id
        .filter(|id| old.and_then(|o| o.assignee_id) != Some(*id))
    {
        let member = members::find(unit.conn(), &unit.viewer, assignee).await?;
        if member.is_none_or(|member| member.state == MemberState::Archived) {
            faults.add("assignee_id", "unknown", "there is no such member");
        }
    }
    // Calendars are not there yet, so no id is one.
    if new.calendar_id.is_some() && old.and_then(|o| o.calendar_id) != new.calendar_id {
        faults.add("calendar_id", "unknown", "there is no such calendar");
    }
    Ok(())
}

/// Checks a choice of labels, and gives it in its one order. Labels that the item carries already
/// may stay even where the caller would not know them otherwise.
pub(super) async fn check_labels(
    unit: &Unit<'_>,
    old: &[LabelChoice],
    choice: Vec<LabelChoice>,
    faults: &mut Faults,
) -> Result<Vec<LabelChoice>, StoreError> {
    let given: Vec<_> = choice.iter().map(|c| c.label).collect();
    let Some(choice) = faults.absorb(checked(choice)) else {
        return Ok(Vec::new());
    };
    let fresh: Vec<_> = given
        .iter()
        .copied()
        .filter(|label| old.iter().all(|o| o.label != *label))
        .collect();
    if !fresh.is_empty() {
        let known = labels::known(unit.conn(), &unit.viewer, fresh.iter().copied()).await?;
        for (index, label) in given.iter().enumerate() {
            if fresh.contains(label) && known.iter().all(|row| row.id != *label) {
                let field = format!("labels/{index}");
                faults.add(&field, "unknown", "there is no such label");
            }
        }
    }
    Ok(choice)
}
