//! Soft deletion of a folder with all that is in it.

use db::TenantDb;
use kernel::{FolderId, IfMatch, RequestContext};
use serde_json::{Value, json};
use tr_domain::access::Level;
use tr_domain::event::{EventKind, FieldChange};
use tr_store::folders as store;
use tr_store::work_items;

use super::error::FolderError;
use super::load::locked;
use crate::error::matches;
use crate::events::folder_event;
use crate::unit::write;

/// Deletes a folder. It can be brought back for 30 days.
///
/// # Errors
/// When the caller may not, the revision is another, the folder stays, or the database fails.
pub async fn delete_folder(
    ctx: &RequestContext,
    db: &TenantDb,
    id: FolderId,
    if_match: IfMatch,
) -> Result<(), FolderError> {
    write(
        ctx,
        db,
        async || Ok(()),
        async |unit, ()| {
            let mut row = locked(unit, id, Level::Manage).await?;
            matches(if_match, row.revision)?;
            if row.is_fixed() {
                return Err(FolderError::Fixed);
            }
            let folders = store::below(unit.conn(), id).await?;
            let grids = store::grids_in(unit.conn(), &folders).await?;
            unit.lock_grids(&grids).await?;
            row.revision = row.revision.next();
            row.updated_at = unit.now();
            store::update(unit.conn(), &row).await?;
            store::delete(unit.conn(), &folders, id, unit.now()).await?;
            work_items::delete_under_folders(unit.conn(), &grids, id, unit.now()).await?;
            let (folders, grids) = (folders.len(), grids.len());
            let old = json!({ "name": row.name, "folders": folders, "grids": grids });
            let change = FieldChange::whole(old, Value::Null);
            unit.emit(folder_event(EventKind::FolderDeleted, &row, vec![change]));
            Ok(())
        },
    )
    .await
}
