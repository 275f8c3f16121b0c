use actix_web::{delete, post};
use kernel::DependencyId;
use tr_app::{Keyed, dependencies as app, views::DependencyView};
use web::{IfMatchHeader, Path as Id, RawJson};

use super::body::DependencyCreate;
use crate::{
    caller::{Caller, WriteItems},
    reply::{self, Key, Reply},
};

/// Links two items, also of different grids.
#[utoipa::path(
    tag = "Dependencies",
    operation_id = "createDependency",
    request_body = DependencyCreate,
    responses((status = 201, description = "The new dependency.", body = DependencyView,
        headers(("ETag" = String, description = "Its revision, quoted."),
                ("Location" = String, description = "Its path.")))),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[post("/api/v1/dependencies")]
pub(crate) async fn create(caller: Caller<WriteItems>, key: Key, body: RawJson) -> Reply {
    let link: DependencyCreate = body.parse()?;
    let answer =
        |link: &DependencyView| reply::created("dependencies", link.id, link.revision, link);
    let request = key.request(&caller.context, body.bytes());
    let keyed = request.map(|request| Keyed {
        request,
        answer: &answer,
    });
    let db = caller.db().await?;
    let outcome = app::create_dependency(&caller.context, &db, link.into(), keyed).await?;
    Ok(caller.reply(outcome, answer))
}

/// Deletes a dependency.
#[utoipa::path(
    tag = "Dependencies",
    operation_id = "deleteDependency",
    params(("id" = Uuid, Path, description = "The dependency.")),
    responses((status = 204, description = "It is gone.")),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[delete("/api/v1/dependencies/{id}")]
pub(crate) async fn delete(
    caller: Caller<WriteItems>,
    id: Id<DependencyId>,
    if_match: IfMatchHeader,
) -> Reply {
    let db = caller.db().await?;
    app::delete_dependency(&caller.context, &db, id.0, if_match.0).await?;
    Ok(caller.gone())
}
