use actix_web::get;
use kernel::{GroupId, Page};
use tr_app::{groups as app, views::GroupView};
use web::{Json, Path as Id, Query, Revised, openapi::PageOf};

use crate::{
    caller::{Caller, ReadMembers},
    failure::Failure,
    paging::PageQuery,
};

/// Lists groups, by name. Externals see none.
#[utoipa::path(
    tag = "Members",
    operation_id = "listGroups",
    responses((status = 200, description = "A page of groups.", body = PageOf<GroupView>)),
    security(("session" = []), ("token" = ["members:read"])),
)]
#[get("/api/v1/groups")]
pub(crate) async fn list(
    caller: Caller<ReadMembers>,
    query: Query<PageQuery>,
) -> Result<Json<Page<GroupView>>, Failure> {
    let db = caller.db().await?;
    let page = app::list_groups(&caller.context, &db, query.0.into()).await;
    page.map(Json)
        .map_err(|error| Failure::from(error).of_query())
}

/// Gives a group.
#[utoipa::path(
    tag = "Members",
    operation_id = "getGroup",
    params(("id" = Uuid, Path, description = "The group.")),
    responses((status = 200, description = "The group.", body = GroupView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["members:read"])),
)]
#[get("/api/v1/groups/{id}")]
pub(crate) async fn get(
    caller: Caller<ReadMembers>,
    id: Id<GroupId>,
) -> Result<Revised<GroupView>, Failure> {
    let db = caller.db().await?;
    let group = app::get_group(&caller.context, &db, id.0).await?;
    Ok(Revised {
        revision: group.revision,
        body: group,
    })
}
