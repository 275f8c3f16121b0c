//! Reading groups. Guests see none.

use db::TenantDb;
use kernel::{GroupId, Page, RequestContext};
use tr_domain::access::Viewer;
use tr_store::groups as store;

use super::error::GroupError;
use crate::error::Denied;
use crate::page::{PageRequest, cursor, page, place};
use crate::views::GroupView;

/// The groups, by name.
///
/// # Errors
/// When the cursor is wrong, or the database fails.
pub async fn list_groups(
    ctx: &RequestContext,
    db: &TenantDb,
    request: PageRequest,
) -> Result<Page<GroupView>, GroupError> {
    let after = place(request.cursor.as_ref())?;
    if Viewer::of(&ctx.actor).external {
        return Ok(Page {
            data: Vec::new(),
            next_cursor: None,
        });
    }
    let rows = store::list(db.conn(), after, request.limit).await?;
    Ok(page(rows, request.limit, |row| {
        cursor(&(&row.name, row.id))
    }))
}

/// A group.
///
/// # Errors
/// When there is none that the caller sees, or the database fails.
pub async fn get_group(
    ctx: &RequestContext,
    db: &TenantDb,
    id: GroupId,
) -> Result<GroupView, GroupError> {
    if Viewer::of(&ctx.actor).external {
        return Err(Denied::NotFound.into());
    }
    Ok(store::find(db.conn(), id)
        .await?
        .ok_or(Denied::NotFound)?
        .into())
}
