//! Moving a folder, with all that is in it. Grants stay as they are, but for what leaves someone's
//! "My grids".

use db::TenantDb;
use kernel::{FolderId, IfMatch, MemberId, RequestContext};
use serde_json::json;
use tr_domain::access::Level;
use tr_domain::event::{Event, EventKind, FieldChange};
use tr_domain::position::spot;
use tr_domain::{Faults, ObjectKind};
use tr_store::folders::{self as store, FolderRow};
use tr_store::work_items;

use super::error::FolderError;
use super::load::{again, locked};
use crate::error::{Denied, allow, may_match};
use crate::events::{folder_event, item_event};
use crate::idempotency::{Keyed, Outcome};
use crate::unit::{Unit, keyed};
use crate::views::FolderView;
use crate::work_items::leave_own;

/// Where a folder shall go. Without a neighbour it goes to the end.
#[derive(Debug, Clone)]
pub struct MoveFolder {
    /// Which.
    pub id: FolderId,
    /// Of which revision.
    pub if_match: IfMatch,
    /// Into this folder; of none, it stays in its own.
    pub parent_id: Option<FolderId>,
    /// Before this one.
    pub before: Option<FolderId>,
    /// After this one.
    pub after: Option<FolderId>,
}

/// Moves a folder.
///
/// # Errors
/// When the caller may not, the target is wrong, or the database fails.
pub async fn move_folder(
    ctx: &RequestContext,
    db: &TenantDb,
    command: MoveFolder,
    key: Option<Keyed<'_, FolderView>>,
) -> Result<Outcome<FolderView>, FolderError> {
    let work = async |unit: &mut Unit<'_>, ()| {
        let old = locked(unit, command.id, Level::Edit).await?;
        may_match(command.if_match, old.revision)?;
        let Some(from) = old.parent_id else {
            return Err(FolderError::Fixed);
        };
        let to = command.parent_id.unwrap_or(from);
        check_target(unit, &old, to).await?;
        let mut new = old.clone();
        new.parent_id = Some(to);
        let renumbered = stand(unit, &command, &mut new).await?;
        let changes = changes(&old, &new, !renumbered.is_empty());
        if changes.is_empty() {
            return Ok(old.into());
        }
        let owner = owner_left(unit, from, to).await?;
        new.revision = old.revision.next();
        new.updated_at = unit.now();
        store::update(unit.conn(), &new).await?;
        unit.emit(folder_event(EventKind::FolderMoved, &new, changes));
        renumber(unit, &new, renumbered).await?;
        if let Some(owner) = owner {
            publish(unit, owner, new.id, to).await?;
        }
        Ok(again(unit, new.id).await?.into())
    };
    keyed(ctx, db, key, async || Ok(()), work).await
}

async fn check_target(
    unit: &Unit<'_>,
    folder: &FolderRow,
    to: FolderId,
) -> Result<(), FolderError> {
    let Some(target) = store::find(unit.conn(), &unit.viewer, to).await? else {
        return Err(Faults::one("parent_id", "unknown", "there is no such folder").into());
    };
    allow(target.level.or(Some(Level::View)), Level::Edit)?;
    if store::path(unit.conn(), to).await?.contains(&folder.id) {
        return Err(Faults::one("parent_id", "circle", "a folder cannot lie in itself").into());
    }
    Ok(())
}

/// A sibling: which, where it is, and where it goes to make room.
type Renumbered = (FolderId, i64, i64);

/// Gives the folder its position where it goes; tells who makes room for it.
async fn stand(
    unit: &Unit<'_>,
    command: &MoveFolder,
    folder: &mut FolderRow,
) -> Result<Vec<Renumbered>, FolderError> {
    let Some(to) = folder.parent_id else {
        return Err(FolderError::Fixed);
    };
    let all = store::siblings(unit.conn(), to).await?;
    let (ids, positions): (Vec<_>, Vec<_>) = all
        .iter()
        .filter(|(id, _)| *id != command.id)
        .copied()
        .unzip();
    let find = |field: &str, id: FolderId| {
        let found = ids.iter().position(|other| *other == id);
        found.ok_or_else(|| Faults::one(field, "unknown", "there is no such folder beside it"))
    };
    let index = match (command.before, command.after) {
        (None, None) => ids.len(),
        (Some(before), _) => find("before", before)?,
        (None, Some(after)) => find("after", after)? + 1,
    };
    let now = all.iter().position(|(id, _)| *id == command.id);
    if let Some((_, present)) = now.filter(|now| *now == index).and_then(|now| all.get(now)) {
        folder.position = *present;
        return Ok(Vec::new());
    }
    let found = spot(&positions, index);
    folder.position = found.position;
    let renumbered = found.renumbered.into_iter();
    Ok(renumbered
        .filter_map(|(at, new)| Some((*ids.get(at)?, *positions.get(at)?, new)))
        .collect())
}

/// What changes. Where others are renumbered, the folder stands elsewhere even if it got the number
/// that it had.
fn changes(old: &FolderRow, new: &FolderRow, renumbered: bool) -> Vec<FieldChange> {
    [
        ("parent_id", json!(old.parent_id), json!(new.parent_id)),
        ("position", json!(old.position), json!(new.position)),
    ]
    .into_iter()
    .filter(|(field, old, new)| old != new || renumbered && *field == "position")
    .map(|(field, old, new)| FieldChange::of(field, old, new))
    .collect()
}

/// Gives the siblings of a folder their new positions. Nobody moved them, so their revisions stay;
/// but whoever looks at one sees it change.
async fn renumber(
    unit: &mut Unit<'_>,
    folder: &FolderRow,
    renumbered: Vec<Renumbered>,
) -> Result<(), FolderError> {
    for (id, old, new) in renumbered {
        store::set_position(unit.conn(), id, new).await?;
        let change = FieldChange::of("position", json!(old), json!(new));
        unit.emit(Event {
            object_id: id.as_uuid(),
            folder_id: Some(id),
            ..folder_event(EventKind::FolderMoved, folder, vec![change])
        });
    }
    Ok(())
}

/// Whose "My grids" a move leaves.
async fn owner_left(
    unit: &Unit<'_>,
    from: FolderId,
    to: FolderId,
) -> Result<Option<MemberId>, FolderError> {
    let (old, new) = (
        store::path(unit.conn(), from).await?,
        store::path(unit.conn(), to).await?,
    );
    let Some(top) = old.last().filter(|top| new.last() != Some(*top)) else {
        return Ok(None);
    };
    let top = store::find_any(unit.conn(), &unit.viewer, *top).await?;
    Ok(top.and_then(|top| top.owner_id))
}

/// Everything in a folder that left "My grids" takes the grants of where it went.
async fn publish(
    unit: &mut Unit<'_>,
    owner: MemberId,
    folder: FolderId,
    to: FolderId,
) -> Result<(), FolderError> {
    let folders = store::below(unit.conn(), folder).await?;
    for id in &folders {
        let object = (ObjectKind::Folder, id.as_uuid());
        let changes = leave_own(unit, owner, to.as_uuid(), object).await?;
        let row = store::find_any(unit.conn(), &unit.viewer, *id).await?;
        let row = row.ok_or(Denied::NotFound)?;
        unit.emit(folder_event(EventKind::GrantChanged, &row, changes));
    }
    for grid in store::grids_in(unit.conn(), &folders).await? {
        let object = (ObjectKind::Grid, grid.as_uuid());
        let changes = leave_own(unit, owner, to.as_uuid(), object).await?;
        let item = work_items::find(unit.conn(), &unit.viewer, grid).await?;
        let item = item.ok_or(Denied::NotFound)?;
        unit.emit(item_event(EventKind::GrantChanged, &item, changes));
    }
    Ok(())
}
