//! Reading dependencies: those with an end that the caller sees.

use db::TenantDb;
use kernel::{Cursor, DependencyId, Limit, Page, RequestContext, WorkItemId};
use tr_domain::access::{Level, Viewer};
use tr_store::dependencies as store;
use tr_store::work_items;

use super::error::DependencyError;
use crate::error::{Denied, allow};
use crate::page::{cursor, page, place};
use crate::views::DependencyView;

/// Which dependencies.
#[derive(Debug, Clone, Default)]
pub struct DependencyFilter {
    /// Of this item.
    pub item_id: Option<WorkItemId>,
    /// With an end in this grid.
    pub grid_id: Option<WorkItemId>,
    /// How many.
    pub limit: Limit,
    /// Where the page starts.
    pub cursor: Option<Cursor>,
}

/// The dependencies that pass the filter, in the order in which they were made.
///
/// # Errors
/// When the item or grid is not there, the cursor is wrong, or the database fails.
pub async fn list_dependencies(
    ctx: &RequestContext,
    db: &TenantDb,
    filter: DependencyFilter,
) -> Result<Page<DependencyView>, DependencyError> {
    let viewer = Viewer::of(&ctx.actor);
    for id in [filter.item_id, filter.grid_id].into_iter().flatten() {
        let item = work_items::find(db.conn(), &viewer, id)
            .await?
            .ok_or(Denied::NotFound)?;
        allow(item.level, Level::View)?;
    }
    let after = place(filter.cursor.as_ref())?;
    let (item, grid, limit) = (filter.item_id, filter.grid_id, filter.limit);
    let rows = store::list(db.conn(), &viewer, item, grid, after, limit).await?;
    Ok(page(rows, limit, |row| cursor(&row.id)))
}

/// A dependency.
///
/// # Errors
/// When the caller sees neither end, or the database fails.
pub async fn get_dependency(
    ctx: &RequestContext,
    db: &TenantDb,
    id: DependencyId,
) -> Result<DependencyView, DependencyError> {
    let viewer = Viewer::of(&ctx.actor);
    Ok(store::find(db.conn(), &viewer, id)
        .await?
        .ok_or(Denied::NotFound)?
        .into())
}
