//! Taking a right back.

use db::TenantDb;
use kernel::{GrantId, IfMatch, RequestContext};
use tr_store::grants as store;
use tr_store::locks::lock_structure;

use super::error::GrantError;
use super::object::Object;
use crate::error::{Denied, matches};
use crate::unit::write;
use crate::work_items::grant_changes;

/// Deletes a grant.
///
/// # Errors
/// When the caller may not, the revision is another, or the database fails.
pub async fn delete_grant(
    ctx: &RequestContext,
    db: &TenantDb,
    id: GrantId,
    if_match: IfMatch,
) -> Result<(), GrantError> {
    write(
        ctx,
        db,
        async || Ok(()),
        async |unit, ()| {
            lock_structure(unit.conn()).await?;
            let row = store::find(unit.conn(), id)
                .await?
                .ok_or(Denied::NotFound)?;
            let object = Object::managed(unit.conn(), &unit.viewer, row.object_id).await?;
            matches(if_match, row.revision)?;
            store::delete(unit.conn(), id).await?;
            unit.emit(object.event(grant_changes(&[(row.subject, row.level)], &[])));
            Ok(())
        },
    )
    .await
}
