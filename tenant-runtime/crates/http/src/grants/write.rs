use actix_web::{delete, post};
use kernel::GrantId;
use tr_app::{Keyed, grants as app, views::GrantView};
use web::{IfMatchHeader, Path as Id, RawJson};

use super::body::GrantCreate;
use crate::{
    caller::{Caller, WriteItems},
    reply::{self, Key, Reply},
};

/// Gives a member or group a right on a folder or grid.
///
/// A holder has one right on a thing: the one that is there is changed.
#[utoipa::path(
    tag = "Grants",
    operation_id = "createGrant",
    request_body = GrantCreate,
    responses((status = 201, description = "The right as it is now.", body = GrantView,
        headers(("ETag" = String, description = "Its revision, quoted."),
                ("Location" = String, description = "Its path.")))),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[post("/api/v1/grants")]
pub(crate) async fn create(caller: Caller<WriteItems>, key: Key, body: RawJson) -> Reply {
    let grant: GrantCreate = body.parse()?;
    let answer = |grant: &GrantView| reply::created("grants", grant.id, grant.revision, grant);
    let request = key.request(&caller.context, body.bytes());
    let keyed = request.map(|request| Keyed {
        request,
        answer: &answer,
    });
    let db = caller.db().await?;
    let outcome = app::put_grant(&caller.context, &db, grant.into(), keyed).await?;
    Ok(caller.reply(outcome, answer))
}

/// Takes a right away.
#[utoipa::path(
    tag = "Grants",
    operation_id = "deleteGrant",
    params(("id" = Uuid, Path, description = "The grant.")),
    responses((status = 204, description = "It is gone.")),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[delete("/api/v1/grants/{id}")]
pub(crate) async fn delete(
    caller: Caller<WriteItems>,
    id: Id<GrantId>,
    if_match: IfMatchHeader,
) -> Reply {
    let db = caller.db().await?;
    app::delete_grant(&caller.context, &db, id.0, if_match.0).await?;
    Ok(caller.gone())
}
