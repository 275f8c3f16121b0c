//! Reading folders: what the caller may see, and by name the way there.

use db::TenantDb;
use kernel::{Cursor, FolderId, Limit, Page, RequestContext};
use tr_domain::access::Viewer;
use tr_store::folders as store;

use super::error::FolderError;
use super::own;
use crate::error::Denied;
use crate::page::{cursor, page, place};
use crate::views::FolderView;

/// Which folders.
#[derive(Debug, Clone, Default)]
pub struct FolderFilter {
    /// Those in this one; of none, the root and "My grids".
    pub parent: Option<FolderId>,
    /// How many.
    pub limit: Limit,
    /// Where the page starts.
    pub cursor: Option<Cursor>,
}

/// The folders in a folder, in their order, or the ones at the top.
///
/// # Errors
/// When there is no such folder, the cursor is wrong, or the database fails.
pub async fn list_folders(
    ctx: &RequestContext,
    db: &TenantDb,
    filter: FolderFilter,
) -> Result<Page<FolderView>, FolderError> {
    let viewer = Viewer::of(&ctx.actor);
    match filter.parent {
        None => own::ensure(ctx, db).await?,
        Some(parent) => {
            store::find(db.conn(), &viewer, parent)
                .await?
                .ok_or(Denied::NotFound)?;
        }
    }
    let after = place(filter.cursor.as_ref())?;
    let rows = store::list(db.conn(), &viewer, filter.parent, after, filter.limit).await?;
    Ok(page(rows, filter.limit, |row| {
        cursor(&(row.position, row.id))
    }))
}

/// A folder.
///
/// # Errors
/// When there is none that the caller sees, or the database fails.
pub async fn get_folder(
    ctx: &RequestContext,
    db: &TenantDb,
    id: FolderId,
) -> Result<FolderView, FolderError> {
    let viewer = Viewer::of(&ctx.actor);
    Ok(store::find(db.conn(), &viewer, id)
        .await?
        .ok_or(Denied::NotFound)?
        .into())
}
