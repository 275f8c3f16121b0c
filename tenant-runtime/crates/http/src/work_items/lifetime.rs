use actix_web::{delete, post};
use kernel::WorkItemId;
use tr_app::{Keyed, views::WorkItemView, work_items as app};
use web::{IfMatchHeader, Path as Id};

use super::changed;
use crate::{
    caller::{Caller, WriteItems},
    reply::{Key, Reply},
};

/// Deletes a work item with what is in it. It can be brought back for 30 days.
#[utoipa::path(
    tag = "Work items",
    operation_id = "deleteWorkItem",
    params(("id" = Uuid, Path, description = "The work item.")),
    responses((status = 204, description = "It is deleted.")),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[delete("/api/v1/work-items/{id}")]
pub(crate) async fn delete(
    caller: Caller<WriteItems>,
    id: Id<WorkItemId>,
    if_match: IfMatchHeader,
) -> Reply {
    let db = caller.db().await?;
    app::delete_work_item(&caller.context, &db, id.0, if_match.0).await?;
    Ok(caller.gone())
}

/// Brings a deleted work item back, with what was deleted with it.
#[utoipa::path(
    tag = "Work items",
    operation_id = "undeleteWorkItem",
    params(("id" = Uuid, Path, description = "The work item.")),
    responses((status = 200, description = "The work item as it is now.", body = WorkItemView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[post("/api/v1/work-items/{id}/undelete")]
pub(crate) async fn undelete(
    caller: Caller<WriteItems>,
    id: Id<WorkItemId>,
    if_match: IfMatchHeader,
    key: Key,
) -> Reply {
    let db = caller.db().await?;
    let request = key.request(&caller.context, &[]);
    let keyed = request.map(|request| Keyed {
        request,
        answer: &changed,
    });
    let outcome = app::undelete_work_item(&caller.context, &db, id.0, if_match.0, keyed).await?;
    Ok(caller.reply(outcome, changed))
}
