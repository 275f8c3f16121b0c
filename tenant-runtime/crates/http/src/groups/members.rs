//! Who is in a group.

use actix_web::{delete, get, put};
use kernel::{GroupId, MemberId, Page};
use tr_app::{
    groups as app,
    views::{GroupView, MemberView},
};
use web::{IfMatchHeader, Json, Path as Ids, Query, openapi::PageOf};

use crate::{
    caller::{Caller, ReadMembers, WriteMembers},
    failure::Failure,
    paging::PageQuery,
    reply::Reply,
};

/// Lists the members of a group, by name.
#[utoipa::path(
    tag = "Members",
    operation_id = "listGroupMembers",
    params(("id" = Uuid, Path, description = "The group.")),
    responses((status = 200, description = "A page of members.", body = PageOf<MemberView>)),
    security(("session" = []), ("token" = ["members:read"])),
)]
#[get("/api/v1/groups/{id}/members")]
pub(crate) async fn list(
    caller: Caller<ReadMembers>,
    id: Ids<GroupId>,
    query: Query<PageQuery>,
) -> Result<Json<Page<MemberView>>, Failure> {
    let db = caller.db().await?;
    let page = app::list_group_members(&caller.context, &db, id.0, query.0.into()).await;
    page.map(Json)
        .map_err(|error| Failure::from(error).of_query())
}

/// Puts a member into a custom group. One who is in it stays.
#[utoipa::path(
    tag = "Members",
    operation_id = "addGroupMember",
    params(
        ("id" = Uuid, Path, description = "The group."),
        ("member_id" = Uuid, Path, description = "The member."),
    ),
    responses((status = 200, description = "The group as it is now.", body = GroupView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["members:write"])),
)]
#[put("/api/v1/groups/{id}/members/{member_id}")]
pub(crate) async fn put(caller: Caller<WriteMembers>, ids: Ids<(GroupId, MemberId)>) -> Reply {
    let (group, member) = ids.0;
    let db = caller.db().await?;
    let group = app::add_group_member(&caller.context, &db, group, member).await?;
    Ok(caller.changed(group.revision, &group))
}

/// Takes a member out of a custom group.
#[utoipa::path(
    tag = "Members",
    operation_id = "removeGroupMember",
    params(
        ("id" = Uuid, Path, description = "The group, whose revision `If-Match` names."),
        ("member_id" = Uuid, Path, description = "The member."),
    ),
    responses((status = 200, description = "The group as it is now.", body = GroupView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["members:write"])),
)]
#[delete("/api/v1/groups/{id}/members/{member_id}")]
pub(crate) async fn delete(
    caller: Caller<WriteMembers>,
    ids: Ids<(GroupId, MemberId)>,
    if_match: IfMatchHeader,
) -> Reply {
    let (group, member) = ids.0;
    let db = caller.db().await?;
    let group = app::remove_group_member(&caller.context, &db, group, member, if_match.0).await?;
    Ok(caller.changed(group.revision, &group))
}
