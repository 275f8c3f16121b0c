use actix_web::get;
use kernel::WorkItemId;
use tr_app::{views::WorkItemView, work_items as app};
use web::{Path as Id, Revised};

use crate::{
    caller::{Caller, ReadItems},
    failure::Failure,
};

/// Gives a work item.
#[utoipa::path(
    tag = "Work items",
    operation_id = "getWorkItem",
    params(("id" = Uuid, Path, description = "The work item.")),
    responses((status = 200, description = "The work item.", body = WorkItemView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["work_items:read"])),
)]
#[get("/api/v1/work-items/{id}")]
pub(crate) async fn get(
    caller: Caller<ReadItems>,
    id: Id<WorkItemId>,
) -> Result<Revised<WorkItemView>, Failure> {
    let db = caller.db().await?;
    let item = app::get_work_item(&caller.context, &db, id.0).await?;
    Ok(Revised {
        revision: item.revision,
        body: item,
    })
}
