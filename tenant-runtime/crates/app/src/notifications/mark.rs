//! Marking what was read. What is read is told by no mail any more.

use db::TenantDb;
use kernel::RequestContext;
use tr_domain::notifications::NotificationId;
use tr_store::notifications as store;

use super::error::NotificationError;
use crate::error::Denied;
use crate::idempotency::{Keyed, Outcome};
use crate::unit::{Unit, keyed};
use crate::views::{MarkedView, NotificationView};

/// Marks one of the caller's notifications read or unread.
///
/// # Errors
/// When there is none, or the database fails.
pub async fn mark_notification(
    ctx: &RequestContext,
    db: &TenantDb,
    id: NotificationId,
    read: bool,
    key: Option<Keyed<'_, NotificationView>>,
) -> Result<Outcome<NotificationView>, NotificationError> {
    let work = async |unit: &mut Unit<'_>, ()| {
        let row = store::find(unit.conn(), &unit.viewer, id).await?;
        let mut row = row.ok_or(Denied::NotFound)?;
        let read_at = read.then(|| unit.now());
        if store::mark_one(unit.conn(), unit.viewer.member, id, read_at).await? {
            row.read_at = read_at;
            unit.whisper("notification.changed", id);
        }
        Ok(row.into())
    };
    keyed(ctx, db, key, async || Ok(()), work).await
}

/// Marks all of the caller's notifications read, up to one that they have seen.
///
/// # Errors
/// When the database fails.
pub async fn mark_notifications_read(
    ctx: &RequestContext,
    db: &TenantDb,
    last: NotificationId,
    key: Option<Keyed<'_, MarkedView>>,
) -> Result<Outcome<MarkedView>, NotificationError> {
    let work = async |unit: &mut Unit<'_>, ()| {
        let marked = store::mark_up_to(unit.conn(), unit.viewer.member, last, unit.now()).await?;
        if marked > 0 {
            unit.whisper("notification.changed", last);
        }
        Ok(MarkedView { marked })
    };
    keyed(ctx, db, key, async || Ok(()), work).await
}
