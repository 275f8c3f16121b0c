use actix_web::{delete, patch, post};
use kernel::GroupId;
use tr_app::{
    Keyed,
    groups::{self as app, CreateGroup, PatchGroup},
    views::GroupView,
};
use web::{IfMatchHeader, Path as Id, RawJson};

use super::body::{GroupCreate, GroupPatch};
use crate::{
    body,
    caller::{Caller, WriteMembers},
    reply::{self, Key, Reply},
};

/// Creates a custom group.
#[utoipa::path(
    tag = "Members",
    operation_id = "createGroup",
    request_body = GroupCreate,
    responses((status = 201, description = "The new group.", body = GroupView,
        headers(("ETag" = String, description = "Its revision, quoted."),
                ("Location" = String, description = "Its path.")))),
    security(("session" = []), ("token" = ["members:write"])),
)]
#[post("/api/v1/groups")]
pub(crate) async fn create(caller: Caller<WriteMembers>, key: Key, body: RawJson) -> Reply {
    let GroupCreate { name } = body.parse()?;
    let answer = |group: &GroupView| reply::created("groups", group.id, group.revision, group);
    let request = key.request(&caller.context, body.bytes());
    let keyed = request.map(|request| Keyed {
        request,
        answer: &answer,
    });
    let db = caller.db().await?;
    let outcome = app::create_group(&caller.context, &db, CreateGroup { name }, keyed).await?;
    Ok(caller.reply(outcome, answer))
}

/// Changes a custom group.
#[utoipa::path(
    tag = "Members",
    operation_id = "updateGroup",
    params(("id" = Uuid, Path, description = "The group.")),
    request_body = GroupPatch,
    responses((status = 200, description = "The group as it is now.", body = GroupView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["members:write"])),
)]
#[patch("/api/v1/groups/{id}")]
pub(crate) async fn patch(
    caller: Caller<WriteMembers>,
    id: Id<GroupId>,
    if_match: IfMatchHeader,
    body: RawJson,
) -> Reply {
    let (patch, checked) = body::patch::<GroupPatch>(&body);
    let db = caller.db().await?;
    let command = PatchGroup {
        id: id.0,
        if_match: if_match.0,
        name: patch.name,
    };
    let group = app::patch_group(&caller.context, &db, command).await?;
    checked?;
    Ok(caller.changed(group.revision, &group))
}

/// Deletes a custom group, with the rights it holds.
#[utoipa::path(
    tag = "Members",
    operation_id = "deleteGroup",
    params(("id" = Uuid, Path, description = "The group.")),
    responses((status = 204, description = "It is deleted.")),
    security(("session" = []), ("token" = ["members:write"])),
)]
#[delete("/api/v1/groups/{id}")]
pub(crate) async fn delete(
    caller: Caller<WriteMembers>,
    id: Id<GroupId>,
    if_match: IfMatchHeader,
) -> Reply {
    let db = caller.db().await?;
    app::delete_group(&caller.context, &db, id.0, if_match.0).await?;
    Ok(caller.gone())
}
