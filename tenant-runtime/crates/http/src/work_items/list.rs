use actix_web::get;
use kernel::Page;
use tr_app::{
    views::WorkItemView,
    work_items::{self as app, WorkItemFilter},
};
use web::{Json, Query, openapi::PageOf};

use super::query::WorkItemQuery;
use crate::{
    caller::{Caller, ReadItems},
    failure::Failure,
};

/// Lists the work items that the caller may see.
#[utoipa::path(
    tag = "Work items",
    operation_id = "listWorkItems",
    responses((status = 200, description = "A page of work items.", body = PageOf<WorkItemView>)),
    security(("session" = []), ("token" = ["work_items:read"])),
)]
#[get("/api/v1/work-items")]
pub(crate) async fn list(
    caller: Caller<ReadItems>,
    query: Query<WorkItemQuery>,
) -> Result<Json<Page<WorkItemView>>, Failure> {
    let filter = WorkItemFilter::try_from(query.0)?;
    let db = caller.db().await?;
    let page = app::list_work_items(&caller.context, &db, filter).await;
    page.map(Json)
        .map_err(|error| Failure::from(error).of_query())
}
