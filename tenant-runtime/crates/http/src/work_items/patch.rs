use actix_web::patch;
use kernel::WorkItemId;
use tr_app::{
    views::WorkItemView,
    work_items::{self as app, PatchWorkItem},
};
use web::{IfMatchHeader, Path as Id, RawJson};

use super::{body::WorkItemPatch, labels};
use crate::{
    body,
    caller::{Caller, WriteItems},
    reply::Reply,
};

/// Changes a work item.
#[utoipa::path(
    tag = "Work items",
    operation_id = "updateWorkItem",
    params(("id" = Uuid, Path, description = "The work item.")),
    request_body = WorkItemPatch,
    responses((status = 200, description = "The work item as it is now.", body = WorkItemView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[patch("/api/v1/work-items/{id}")]
pub(crate) async fn patch(
    caller: Caller<WriteItems>,
    id: Id<WorkItemId>,
    if_match: IfMatchHeader,
    body: RawJson,
) -> Reply {
    let (mut patch, checked) = body::patch::<WorkItemPatch>(&body);
    let db = caller.db().await?;
    let command = PatchWorkItem {
        id: id.0,
        if_match: if_match.0,
        labels: patch.labels.take().map(labels),
        content: patch.into(),
    };
    let item = app::patch_work_item(&caller.context, &db, command).await?;
    checked?;
    Ok(caller.changed(item.revision, &item))
}
