//! Unlinking two items.

use db::TenantDb;
use kernel::{DependencyId, IfMatch, RequestContext};
use tr_domain::access::Level;
use tr_domain::event::EventKind;
use tr_store::dependencies as store;
use tr_store::locks::lock_structure;

use super::error::DependencyError;
use super::events::events;
use crate::error::{Denied, allow, matches};
use crate::unit::write;

/// Deletes a dependency. Whoever sees only the predecessor sees the link, and may not.
///
/// # Errors
/// When the caller may not, the revision is another, or the database fails.
pub async fn delete_dependency(
    ctx: &RequestContext,
    db: &TenantDb,
    id: DependencyId,
    if_match: IfMatch,
) -> Result<(), DependencyError> {
    write(
        ctx,
        db,
        async || Ok(()),
        async |unit, ()| {
            lock_structure(unit.conn()).await?;
            let row = store::find(unit.conn(), &unit.viewer, id)
                .await?
                .ok_or(Denied::NotFound)?;
            allow(row.successor.level.or(Some(Level::View)), Level::Edit)?;
            matches(if_match, row.revision)?;
            store::delete(unit.conn(), id).await?;
            for event in events(EventKind::DependencyDeleted, &row) {
                unit.emit(event);
            }
            Ok(())
        },
    )
    .await
}
