//! Reading grants.

use db::TenantDb;
use kernel::{GrantId, Page, RequestContext};
use tr_domain::access::Viewer;
use tr_store::grants as store;
use uuid::Uuid;

use super::error::GrantError;
use super::object::Object;
use crate::error::Denied;
use crate::page::{PageRequest, cursor, page, place};
use crate::views::GrantView;

/// The grants on a folder or grid that the caller manages.
///
/// # Errors
/// When there is no such thing, the caller may not, the cursor is wrong, or the database fails.
pub async fn list_grants(
    ctx: &RequestContext,
    db: &TenantDb,
    object_id: Uuid,
    request: PageRequest,
) -> Result<Page<GrantView>, GrantError> {
    let viewer = Viewer::of(&ctx.actor);
    Object::managed(db.conn(), &viewer, object_id).await?;
    let after = place(request.cursor.as_ref())?;
    let rows = store::list(db.conn(), object_id, after, request.limit).await?;
    Ok(page(rows, request.limit, |row| cursor(&row.id)))
}

/// A grant on something that the caller manages.
///
/// # Errors
/// When there is none, the caller may not, or the database fails.
pub async fn get_grant(
    ctx: &RequestContext,
    db: &TenantDb,
    id: GrantId,
) -> Result<GrantView, GrantError> {
    let viewer = Viewer::of(&ctx.actor);
    let row = store::find(db.conn(), id).await?.ok_or(Denied::NotFound)?;
    Object::managed(db.conn(), &viewer, row.object_id).await?;
    Ok(row.into())
}
