use actix_web::get;
use kernel::{GrantId, Page};
use tr_app::{PageRequest, grants as app, views::GrantView};
use web::{Json, Path as Id, Query, Revised, openapi::PageOf};

use super::body::GrantQuery;
use crate::{
    caller::{Caller, ReadItems},
    failure::Failure,
};

/// Lists the rights on a folder or grid that the caller manages.
#[utoipa::path(
    tag = "Grants",
    operation_id = "listGrants",
    responses((status = 200, description = "A page of rights.", body = PageOf<GrantView>)),
    security(("session" = []), ("token" = ["work_items:read"])),
)]
#[get("/api/v1/grants")]
pub(crate) async fn list(
    caller: Caller<ReadItems>,
    query: Query<GrantQuery>,
) -> Result<Json<Page<GrantView>>, Failure> {
    let GrantQuery {
        object_id,
        limit,
        cursor,
    } = query.0;
    let db = caller.db().await?;
    let page = PageRequest { limit, cursor };
    let page = app::list_grants(&caller.context, &db, object_id, page).await;
    page.map(Json)
        .map_err(|error| Failure::from(error).of_query())
}

/// Gives a right on something that the caller manages.
#[utoipa::path(
    tag = "Grants",
    operation_id = "getGrant",
    params(("id" = Uuid, Path, description = "The grant.")),
    responses((status = 200, description = "The grant.", body = GrantView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["work_items:read"])),
)]
#[get("/api/v1/grants/{id}")]
pub(crate) async fn get(
    caller: Caller<ReadItems>,
    id: Id<GrantId>,
) -> Result<Revised<GrantView>, Failure> {
    let db = caller.db().await?;
    let grant = app::get_grant(&caller.context, &db, id.0).await?;
    Ok(Revised {
        revision: grant.revision,
        body: grant,
    })
}
