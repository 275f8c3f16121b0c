//! Bringing back what a folder's deletion took.

use db::TenantDb;
use kernel::{FolderId, IfMatch, RequestContext};
use serde_json::{Value, json};
use tr_domain::access::Level;
use tr_domain::event::{EventKind, FieldChange};
use tr_store::folders as store;
use tr_store::locks::lock_structure;
use tr_store::work_items;

use super::error::FolderError;
use super::load::again;
use crate::error::{Denied, allow, may_match};
use crate::events::folder_event;
use crate::idempotency::{Keyed, Outcome};
use crate::unit::{Unit, keyed};
use crate::views::FolderView;
use crate::work_items::KEPT;

/// Brings back a deleted folder with all that was deleted with it. One that is not deleted is given
/// as it is.
///
/// # Errors
/// When the caller may not, the revision is another, it is too late, what it lay in is deleted, or
/// the database fails.
pub async fn undelete_folder(
    ctx: &RequestContext,
    db: &TenantDb,
    id: FolderId,
    if_match: IfMatch,
    key: Option<Keyed<'_, FolderView>>,
) -> Result<Outcome<FolderView>, FolderError> {
    let work = async |unit: &mut Unit<'_>, ()| {
        lock_structure(unit.conn()).await?;
        let found = store::find_any(unit.conn(), &unit.viewer, id).await?;
        let mut row = found.ok_or(Denied::NotFound)?;
        allow(row.level, Level::Manage)?;
        may_match(if_match, row.revision)?;
        let Some(deleted_at) = row.deleted_at else {
            return Ok(row.into());
        };
        if row.deletion != Some(id.as_uuid()) {
            return Err(FolderError::DeletedWithParent);
        }
        if unit.now() - deleted_at > KEPT {
            return Err(FolderError::DeletedTooLongAgo);
        }
        if let Some(parent) = row.parent_id {
            let parent = store::find_any(unit.conn(), &unit.viewer, parent).await?;
            if parent.is_none_or(|parent| parent.deleted_at.is_some()) {
                return Err(FolderError::ParentDeleted);
            }
        }
        unit.lock_grids(&store::taken_by(unit.conn(), id).await?)
            .await?;
        store::undelete(unit.conn(), id).await?;
        work_items::undelete_folders_items(unit.conn(), id.as_uuid()).await?;
        row.revision = row.revision.next();
        row.updated_at = unit.now();
        store::update(unit.conn(), &row).await?;
        let change = FieldChange::whole(Value::Null, json!({ "name": row.name }));
        unit.emit(folder_event(EventKind::FolderUndeleted, &row, vec![change]));
        Ok(again(unit, id).await?.into())
    };
    keyed(ctx, db, key, async || Ok(()), work).await
}
