//! Moving an item: to another place among its siblings, cell, parent, folder or grid, with all that
//! is in it. Columns and rows stay in their grid.

use db::TenantDb;
use kernel::{FolderId, IfMatch, RequestContext, WorkItemId};
use serde_json::json;
use tr_domain::access::Level;
use tr_domain::event::{EventKind, FieldChange};
use tr_domain::placement::moves_between_grids;
use tr_domain::rollup::Counters;
use tr_domain::{Faults, ObjectKind, WorkItemKind};
use tr_store::folders;
use tr_store::locks::lock_structure;
use tr_store::work_items::{self as store, ItemRow, Located, Siblings};

use super::error::WorkItemError;
use super::grid_grants::leave_own;
use super::load::{again, locate, seen, still_there};
use super::order::{Beside, grids_to_renumber, renumber, standing};
use super::place::{Place, in_parent};
use super::roll_up::{changed, task_changed};
use crate::error::{Denied, allow, may_match};
use crate::events::item_event;
use crate::idempotency::{Keyed, Outcome};
use crate::unit::{Unit, keyed};
use crate::views::WorkItemView;

/// Where an item shall go. What is not said stays; without a neighbour it goes to the end, but
/// keeps its place when only its theme changes.
#[derive(Debug, Clone)]
pub struct MoveWorkItem {
    /// Which.
    pub id: WorkItemId,
    /// Of which revision.
    pub if_match: IfMatch,
    /// Into this.
    pub parent_id: Option<WorkItemId>,
    /// Into this theme, for elements.
    pub theme_id: Option<WorkItemId>,
    /// Into this folder, for grids.
    pub folder_id: Option<FolderId>,
    /// Before this sibling.
    pub before: Option<WorkItemId>,
    /// After this sibling.
    pub after: Option<WorkItemId>,
}

/// Moves a work item.
///
/// # Errors
/// When the caller may not, the target is wrong, or the database fails.
pub async fn move_work_item(
    ctx: &RequestContext,
    db: &TenantDb,
    command: MoveWorkItem,
    key: Option<Keyed<'_, WorkItemView>>,
) -> Result<Outcome<WorkItemView>, WorkItemError> {
    let prepare = async || {
        let target = match command.parent_id {
            Some(parent) => locate(db, parent).await?,
            None => None,
        };
        let Some(from) = locate(db, command.id).await? else {
            return Ok(None);
        };
        Ok(Some((from, target, around(db, &command, from).await?)))
    };
    let work = async |unit: &mut Unit<'_>, located: Option<Places>| {
        let (from, target, around) = located.ok_or(Denied::NotFound)?;
        if from.kind == WorkItemKind::Grid {
            lock_structure(unit.conn()).await?;
        }
        let to = target.map_or(from.grid_id, |target| target.grid_id);
        unit.lock_grids(&[&[from.grid_id, to], &around[..]].concat())
            .await?;
        let item = seen(unit, command.id).await?.ok_or(Denied::NotFound)?;
        still_there(&item, from)?;
        allow(item.level, Level::Edit)?;
        may_match(command.if_match, item.revision)?;
        let place = target_of(unit, &item, &command, target).await?;
        go(unit, &item, &command, place).await
    };
    keyed(ctx, db, key, prepare, work).await
}

/// Where the item is, where what it goes into is, and the grids that make room for it.
type Places = (Located, Option<Located>, Vec<WorkItemId>);

impl MoveWorkItem {
    const fn beside(&self) -> Beside {
        Beside {
            before: self.before,
            after: self.after,
        }
    }
}

/// The grids that make room for a grid: their positions are on their own boards. Items below make
/// room in a grid that is locked anyway.
async fn around(
    db: &TenantDb,
    command: &MoveWorkItem,
    from: Located,
) -> Result<Vec<WorkItemId>, WorkItemError> {
    let folder = command.folder_id.or(from.folder_id);
    match folder.filter(|_| from.kind == WorkItemKind::Grid) {
        Some(folder) => {
            let siblings = Siblings::Grids(folder);
            Ok(grids_to_renumber(db, command.id, siblings, command.beside()).await?)
        }
        None => Ok(Vec::new()),
    }
}

/// The place to go to, checked.
async fn target_of(
    unit: &Unit<'_>,
    item: &ItemRow,
    command: &MoveWorkItem,
    target: Option<Located>,
) -> Result<Place, WorkItemError> {
    let mut faults = Faults::none();
    let wanted = item.kind.place();
    let given = [
        ("folder_id", wanted.folder, command.folder_id.is_some()),
        (
            "parent_id",
            !wanted.parents.is_empty(),
            command.parent_id.is_some(),
        ),
        ("theme_id", wanted.theme, command.theme_id.is_some()),
    ];
    for (field, applicable, given) in given {
        if given && !applicable {
            faults.add(field, "not_applicable", format!("a {} has none", item.kind));
        }
    }
    faults.into_result()?;
    match (item.kind, command.folder_id) {
        (WorkItemKind::Grid, None) => Ok(Place::of(item)),
        (WorkItemKind::Grid, Some(folder)) => to_folder(unit, item, folder).await,
        _ => to_parent(unit, item, command, target).await,
    }
}

async fn to_folder(
    unit: &Unit<'_>,
    item: &ItemRow,
    folder: FolderId,
) -> Result<Place, WorkItemError> {
    let found = folders::find(unit.conn(), &unit.viewer, folder).await?;
    let Some(found) = found else {
        return Err(Faults::one("folder_id", "unknown", "there is no such folder").into());
    };
    allow(found.level.or(Some(Level::View)), Level::Edit)?;
    Ok(Place {
        folder_id: Some(folder),
        ..Place::of(item)
    })
}

async fn to_parent(
    unit: &Unit<'_>,
    item: &ItemRow,
    command: &MoveWorkItem,
    target: Option<Located>,
) -> Result<Place, WorkItemError> {
    let unknown = || Faults::one("parent_id", "unknown", "there is no such item");
    let Some(parent_id) = command.parent_id.or(item.parent_id) else {
        return Err(unknown().into());
    };
    let parent = seen(unit, parent_id).await?.ok_or_else(unknown)?;
    if let Some(target) = target {
        still_there(&parent, target)?;
    }
    allow(parent.level, Level::Edit)?;
    let mut faults = Faults::none();
    let elsewhere = parent.grid_id != item.grid_id;
    if elsewhere && !moves_between_grids(item.kind) {
        faults.add(
            "parent_id",
            "other_grid",
            format!("a {} stays in its grid", item.kind),
        );
    }
    let theme = command.theme_id.or(item.theme_id.filter(|_| !elsewhere));
    if item.kind == WorkItemKind::Element && theme.is_none() {
        faults.add(
            "theme_id",
            "required",
            "an element needs a theme of its new grid",
        );
    }
    let place = in_parent(unit, item.kind, &parent, theme, &mut faults).await?;
    faults.into_result()?;
    Ok(place)
}

/// Goes there.
async fn go(
    unit: &mut Unit<'_>,
    item: &ItemRow,
    command: &MoveWorkItem,
    place: Place,
) -> Result<WorkItemView, WorkItemError> {
    let mut faults = Faults::none();
    let old = Place::of(item);
    let only_theme = old.theme_id != place.theme_id && old.parent_id == place.parent_id;
    let stays = only_theme && command.before.is_none() && command.after.is_none();
    let mut after = item.clone();
    let mut renumbered = Vec::new();
    if let Some(siblings) = place.siblings(item.kind).filter(|_| !stays) {
        let all = store::siblings(unit.conn(), siblings).await?;
        let there = standing(&all, item.id, command.beside(), &mut faults);
        after.position = there.position;
        renumbered = there.renumbered;
    }
    faults.into_result()?;
    after.grid_id = place.grid_id;
    after.parent_id = place.parent_id;
    after.folder_id = place.folder_id;
    after.stage_id = place.stage_id;
    after.theme_id = place.theme_id;
    let changes = changes(item, &after, !renumbered.is_empty());
    if changes.is_empty() {
        return Ok(item.clone().into());
    }
    store::relocate(unit.conn(), &after).await?;
    store::touch(unit.conn(), item.id, item.revision.next(), unit.now()).await?;
    unit.emit(item_event(EventKind::WorkItemMoved, &after, changes));
    renumber(unit, &after, renumbered).await?;
    count(unit, item, &after).await?;
    leave_my_grids(unit, item, &after).await?;
    Ok(again(unit, item.id).await?.into())
}

/// What changes. Where others are renumbered, the item stands elsewhere even if it got the number
/// that it had.
fn changes(old: &ItemRow, new: &ItemRow, renumbered: bool) -> Vec<FieldChange> {
    let fields = [
        ("grid_id", json!(old.grid_id), json!(new.grid_id)),
        ("parent_id", json!(old.parent_id), json!(new.parent_id)),
        ("folder_id", json!(old.folder_id), json!(new.folder_id)),
        ("stage_id", json!(old.stage_id), json!(new.stage_id)),
        ("theme_id", json!(old.theme_id), json!(new.theme_id)),
        ("position", json!(old.position), json!(new.position)),
    ];
    fields
        .into_iter()
        .filter(|(field, old, new)| old != new || renumbered && *field == "position")
        .map(|(field, old, new)| FieldChange::of(field, old, new))
        .collect()
}

async fn count(
    unit: &mut Unit<'_>,
    before: &ItemRow,
    after: &ItemRow,
) -> Result<(), WorkItemError> {
    match (before.kind, before.parent_id, after.parent_id) {
        (WorkItemKind::Task, Some(from), Some(to)) if from != to => {
            let leaf = before.contribution();
            let owner = again(unit, from).await?;
            task_changed(unit, &owner, Counters::ZERO.minus(leaf)).await?;
            let owner = again(unit, to).await?;
            task_changed(unit, &owner, leaf).await?;
        }
        (WorkItemKind::Element | WorkItemKind::Gate, ..) => changed(unit, before, after).await?,
        _ => {}
    }
    Ok(())
}

/// A grid that leaves someone's "My grids" takes the grants of where it goes.
async fn leave_my_grids(
    unit: &mut Unit<'_>,
    before: &ItemRow,
    after: &ItemRow,
) -> Result<(), WorkItemError> {
    let (Some(from), Some(to)) = (before.folder_id, after.folder_id) else {
        return Ok(());
    };
    if from == to {
        return Ok(());
    }
    // A folder below "My grids" is as private as that.
    let path = folders::path(unit.conn(), from).await?;
    let target = folders::path(unit.conn(), to).await?;
    let Some(top) = path.last().filter(|top| target.last() != Some(*top)) else {
        return Ok(());
    };
    let top = folders::find_any(unit.conn(), &unit.viewer, *top).await?;
    let Some(owner) = top.and_then(|top| top.owner_id) else {
        return Ok(());
    };
    let object = (ObjectKind::Grid, after.id.as_uuid());
    let changes = leave_own(unit, owner, to.as_uuid(), object).await?;
    unit.emit(item_event(EventKind::GrantChanged, after, changes));
    Ok(())
}
