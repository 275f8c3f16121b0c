//! Who is in a group.

use db::TenantDb;
use kernel::{GroupId, IfMatch, MemberId, Page, RequestContext};
use serde_json::{Value, json};
use tr_domain::Faults;
use tr_domain::access::{Level, Viewer, may_join};
use tr_domain::event::{EventKind, FieldChange};
use tr_store::groups::{self as store, GroupRow};
use tr_store::members::{self, MemberState};

use super::error::GroupError;
use super::{custom, locked};
use crate::error::{Denied, matches};
use crate::events::group_event;
use crate::page::{PageRequest, cursor, page, place};
use crate::unit::{Unit, write};
use crate::views::{GroupView, MemberView};

/// The members of a group, by name.
///
/// # Errors
/// When there is no such group, the cursor is wrong, or the database fails.
pub async fn list_group_members(
    ctx: &RequestContext,
    db: &TenantDb,
    id: GroupId,
    request: PageRequest,
) -> Result<Page<MemberView>, GroupError> {
    let after = place(request.cursor.as_ref())?;
    let group = store::find(db.conn(), id).await?;
    if group.is_none() || Viewer::of(&ctx.actor).external {
        return Err(Denied::NotFound.into());
    }
    let rows = members::of_group(db.conn(), id.as_uuid(), after, request.limit).await?;
    Ok(page(rows, request.limit, |row| {
        cursor(&(&row.name, row.id))
    }))
}

/// Puts a member into a custom group; no change when they are in it.
///
/// # Errors
/// When the caller may not, an external would manage, the member is unknown, or the database fails.
pub async fn add_group_member(
    ctx: &RequestContext,
    db: &TenantDb,
    group: GroupId,
    member: MemberId,
) -> Result<GroupView, GroupError> {
    write(
        ctx,
        db,
        async || Ok(()),
        async |unit, ()| {
            let row = locked(unit, group).await?;
            custom(&row)?;
            let found = members::find(unit.conn(), &unit.viewer, member).await?;
            let Some(found) = found.filter(|found| found.state != MemberState::Archived) else {
                return Err(Faults::one("member_id", "unknown", "there is no such member").into());
            };
            if store::contains(unit.conn(), group, member).await? {
                return Ok(row.into());
            }
            may_join(
                found.external,
                store::holds(unit.conn(), group, Level::Manage).await?,
            )?;
            store::add_member(unit.conn(), group, member).await?;
            changed(unit, row, Value::Null, json!(member)).await
        },
    )
    .await
}

/// Takes a member out of a custom group.
///
/// # Errors
/// When the caller may not, the revision is another, they are not in it, or the database fails.
pub async fn remove_group_member(
    ctx: &RequestContext,
    db: &TenantDb,
    group: GroupId,
    member: MemberId,
    if_match: IfMatch,
) -> Result<GroupView, GroupError> {
    write(
        ctx,
        db,
        async || Ok(()),
        async |unit, ()| {
            let row = locked(unit, group).await?;
            if row.system.is_none() && !store::contains(unit.conn(), group, member).await? {
                return Err(Denied::NotFound.into());
            }
            matches(if_match, row.revision)?;
            custom(&row)?;
            store::remove_member(unit.conn(), group, member).await?;
            changed(unit, row, json!(member), Value::Null).await
        },
    )
    .await
}

async fn changed(
    unit: &mut Unit<'_>,
    mut row: GroupRow,
    old: Value,
    new: Value,
) -> Result<GroupView, GroupError> {
    row.revision = row.revision.next();
    store::update(unit.conn(), &row).await?;
    let change = FieldChange::of("members", old, new);
    unit.emit(group_event(EventKind::GroupChanged, row.id, vec![change]));
    Ok(row.into())
}
