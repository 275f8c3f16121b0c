//! What the caller was told, as far as they see it now.

use db::TenantDb;
use kernel::{Cursor, Limit, Page, RequestContext};
use tr_domain::access::Viewer;
use tr_store::notifications as store;

use super::error::NotificationError;
use crate::page::{cursor, page, place};
use crate::views::NotificationView;

/// Which notifications.
#[derive(Debug, Clone, Default)]
pub struct NotificationFilter {
    /// Only those that are not read.
    pub unread: bool,
    /// How many.
    pub limit: Limit,
    /// Where the page starts.
    pub cursor: Option<Cursor>,
}

/// What the caller was told, the latest first. What they do not see any more is left out.
///
/// # Errors
/// When the cursor is wrong, or the database fails.
pub async fn list_notifications(
    ctx: &RequestContext,
    db: &TenantDb,
    filter: NotificationFilter,
) -> Result<Page<NotificationView>, NotificationError> {
    let viewer = Viewer::of(&ctx.actor);
    let before = place(filter.cursor.as_ref())?;
    let rows = store::list(db.conn(), &viewer, filter.unread, before, filter.limit).await?;
    Ok(page(rows, filter.limit, |row| cursor(&row.id)))
}

/// How many of those are unread.
///
/// # Errors
/// When the database fails.
pub async fn count_unread(ctx: &RequestContext, db: &TenantDb) -> Result<u64, NotificationError> {
    Ok(store::unread_count(db.conn(), &Viewer::of(&ctx.actor)).await?)
}
