//! Grants that go with a grid or folder: copied when it is made, replaced when it leaves someone's
//! "My grids".

use std::collections::BTreeMap;

use kernel::MemberId;
use serde_json::{Value, json};
use tr_domain::ObjectKind;
use tr_domain::access::{Level, Subject, Viewer};
use tr_domain::event::FieldChange;
use tr_store::{StoreError, grants, members};
use uuid::Uuid;

use crate::unit::{Unit, new_id};

/// Copies the grants of a folder to something new in it.
pub(crate) async fn copy_from(
    unit: &Unit<'_>,
    folder: Uuid,
    object: (ObjectKind, Uuid),
) -> Result<(), StoreError> {
    let held = grants::all_of(unit.conn(), folder).await?;
    give(unit, object, &held).await
}

/// Writes grants on an object that has none.
pub(crate) async fn give(
    unit: &Unit<'_>,
    object: (ObjectKind, Uuid),
    held: &[(Subject, Level)],
) -> Result<(), StoreError> {
    let rows: Vec<_> = held
        .iter()
        .map(|(subject, level)| (new_id(), *subject, *level))
        .collect();
    grants::insert_all(unit.conn(), object, &rows, unit.now()).await
}

/// What leaves "My grids" takes the grants of where it goes, and its owner keeps `manage`.
pub(crate) async fn leave_own(
    unit: &Unit<'_>,
    owner: MemberId,
    folder: Uuid,
    object: (ObjectKind, Uuid),
) -> Result<Vec<FieldChange>, StoreError> {
    let before = grants::all_of(unit.conn(), object.1).await?;
    let mut held = grants::all_of(unit.conn(), folder).await?;
    held.retain(|(subject, _)| *subject != Subject::Member(owner));
    held.push(as_seen_by_owner(unit, owner).await?);
    grants::clear(unit.conn(), object.1).await?;
    give(unit, object, &held).await?;
    Ok(grant_changes(&before, &held))
}

/// The grant of an owner: `manage`, of a guest `edit`.
pub(crate) async fn as_seen_by_owner(
    unit: &Unit<'_>,
    owner: MemberId,
) -> Result<(Subject, Level), StoreError> {
    let everyone = Viewer {
        external: false,
        ..unit.viewer
    };
    let external = members::find(unit.conn(), &everyone, owner)
        .await?
        .is_some_and(|m| m.external);
    let level = if external { Level::Edit } else { Level::Manage };
    Ok((Subject::Member(owner), level))
}

/// What changed between two states of an object's grants, one entry a holder.
pub(crate) fn grant_changes(
    old: &[(Subject, Level)],
    new: &[(Subject, Level)],
) -> Vec<FieldChange> {
    let old: BTreeMap<_, _> = old.iter().copied().collect();
    let new: BTreeMap<_, _> = new.iter().copied().collect();
    let mut subjects: Vec<_> = old.keys().chain(new.keys()).copied().collect();
    subjects.sort_unstable();
    subjects.dedup();
    subjects
        .into_iter()
        .filter(|subject| old.get(subject) != new.get(subject))
        .map(|subject| {
            let (was, is) = (old.get(&subject).copied(), new.get(&subject).copied());
            FieldChange::of("grants", described(subject, was), described(subject, is))
        })
        .collect()
}

fn described(subject: Subject, level: Option<Level>) -> Value {
    let Some(level) = level else {
        return Value::Null;
    };
    match subject {
        Subject::Member(id) => json!({ "member_id": id, "level": level }),
        Subject::Group(id) => json!({ "group_id": id, "level": level }),
    }
}
