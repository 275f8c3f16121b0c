//! Reading one item: one statement.

use db::TenantDb;
use kernel::{RequestContext, WorkItemId};
use tr_domain::access::{Level, Viewer};
use tr_store::work_items as store;

use super::error::WorkItemError;
use crate::error::{Denied, allow};
use crate::views::WorkItemView;

/// A work item that the caller may see.
///
/// # Errors
/// When there is none, or the database fails.
pub async fn get_work_item(
    ctx: &RequestContext,
    db: &TenantDb,
    id: WorkItemId,
) -> Result<WorkItemView, WorkItemError> {
    let viewer = Viewer::of(&ctx.actor);
    let item = store::find(db.conn(), &viewer, id)
        .await?
        .ok_or(Denied::NotFound)?;
    allow(item.level, Level::View)?;
    Ok(item.into())
}
