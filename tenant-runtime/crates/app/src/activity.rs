//! The activity log, newest first.

use db::TenantDb;
use kernel::{Page, RequestContext, WorkItemId};
use tr_domain::Faults;
use tr_domain::access::{Level, Viewer};
use tr_store::{StoreError, activity as store, work_items};

use crate::error::{Denied, allow};
use crate::page::{PageRequest, cursor, page, place};
use crate::views::ActivityView;

/// Why the log is not read.
#[derive(Debug, thiserror::Error)]
pub enum ActivityError {
    /// Not there, or not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The cursor is wrong.
    #[error(transparent)]
    Invalid(#[from] Faults),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What happened to a work item.
///
/// # Errors
/// When the caller may not see it, the cursor is wrong, or the database fails.
pub async fn list_item_activity(
    ctx: &RequestContext,
    db: &TenantDb,
    id: WorkItemId,
    request: PageRequest,
) -> Result<Page<ActivityView>, ActivityError> {
    let viewer = Viewer::of(&ctx.actor);
    let item = work_items::find(db.conn(), &viewer, id)
        .await?
        .ok_or(Denied::NotFound)?;
    allow(item.level, Level::View)?;
    let before = place(request.cursor.as_ref())?;
    let rows = store::of_object(db.conn(), id.as_uuid(), before, request.limit).await?;
    Ok(page(rows, request.limit, |row| {
        cursor(&(row.event_number, row.ordinal))
    }))
}

/// What happened to everything that the caller sees.
///
/// # Errors
/// When the cursor is wrong, or the database fails.
pub async fn list_activity(
    ctx: &RequestContext,
    db: &TenantDb,
    request: PageRequest,
) -> Result<Page<ActivityView>, ActivityError> {
    let viewer = Viewer::of(&ctx.actor);
    let before = place(request.cursor.as_ref())?;
    let rows = store::visible_to(db.conn(), &viewer, before, request.limit).await?;
    Ok(page(rows, request.limit, |row| {
        cursor(&(row.event_number, row.ordinal))
    }))
}
