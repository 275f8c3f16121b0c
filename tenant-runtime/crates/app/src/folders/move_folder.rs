//! Moving a folder, with all that is in it. Grants stay as they are, but for what leaves someone's
//! "My grids".

use db::TenantDb;
use kernel::{FolderId, IfMatch, MemberId, RequestContext};
use serde_json::json;
use tr_domain::access::Level;
use tr_domain::event::{EventKind, FieldChange};
use tr_domain::position::{between, nth};
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
        new.position = position(unit, &command, to).await?;
        let changes: Vec<_> = [
            ("parent_id", json!(old.parent_id), json!(new.parent_id)),
            ("position", json!(old.position), json!(new.position)),
        ]
        .into_iter()
        .filter(|(_, old, new)| old != new)
        .map(|(field, old, new)| FieldChange::of(field, old, new))
        .collect();
        if changes.is_empty() {
            return Ok(old.into());
        }
        let owner = owner_left(unit, from, to).await?;
        new.revision = old.revision.next();
        new.updated_at = unit.now();
        store::update(unit.conn(), &new).await?;
        unit.emit(folder_event(EventKind::FolderMoved, &new, changes));
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

async fn position(unit: &Unit<'_>, command: &MoveFolder, to: FolderId) -> Result<i64, FolderError> {
    let all = store::siblings(unit.conn(), to).await?;
    let others: Vec<_> = all
        .iter()
        .copied()
        .filter(|(id, _)| *id != command.id)
        .collect();
    let find = |field: &str, id: FolderId| {
        let found = others.iter().position(|(other, _)| *other == id);
        found.ok_or_else(|| Faults::one(field, "unknown", "there is no such folder beside it"))
    };
    let index = match (command.before, command.after) {
        (None, None) => others.len(),
        (Some(before), _) => find("before", before)?,
        (None, Some(after)) => find("after", after)? + 1,
    };
    let now = all.iter().position(|(id, _)| *id == command.id);
    if let Some((_, present)) = now.filter(|now| *now == index).and_then(|now| all.get(now)) {
        return Ok(*present);
    }
    let before = index
        .checked_sub(1)
        .and_then(|i| others.get(i))
        .map(|(_, p)| *p);
    let after = others.get(index).map(|(_, p)| *p);
    if let Some(position) = between(before, after) {
        return Ok(position);
    }
    for (at, (id, _)) in others.iter().enumerate() {
        store::set_position(unit.conn(), *id, nth(if at < index { at } else { at + 1 })).await?;
    }
    Ok(nth(index))
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
