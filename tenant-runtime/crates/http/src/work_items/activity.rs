use actix_web::get;
use kernel::{Page, WorkItemId};
use tr_app::{activity as app, views::ActivityView};
use web::{Json, Path as Id, Query, openapi::PageOf};

use crate::{
    caller::{Caller, ReadItems},
    failure::Failure,
    paging::PageQuery,
};

/// Lists what happened to a work item, the latest first.
#[utoipa::path(
    tag = "Activity",
    operation_id = "listWorkItemActivity",
    params(("id" = Uuid, Path, description = "The work item.")),
    responses((status = 200, description = "A page of entries.", body = PageOf<ActivityView>)),
    security(("session" = []), ("token" = ["work_items:read"])),
)]
#[get("/api/v1/work-items/{id}/activity")]
pub(crate) async fn activity(
    caller: Caller<ReadItems>,
    id: Id<WorkItemId>,
    query: Query<PageQuery>,
) -> Result<Json<Page<ActivityView>>, Failure> {
    let db = caller.db().await?;
    let page = app::list_item_activity(&caller.context, &db, id.0, query.0.into()).await;
    page.map(Json)
        .map_err(|error| Failure::from(error).of_query())
}
