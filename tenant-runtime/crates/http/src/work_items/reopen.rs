use actix_web::post;
use kernel::WorkItemId;
use tr_app::{Keyed, views::WorkItemView, work_items as app};
use web::{IfMatchHeader, Path as Id};

use super::changed;
use crate::{
    caller::{Caller, WriteItems},
    reply::{Key, Reply},
};

/// Reopens a work item. One that is open is given as it is.
#[utoipa::path(
    tag = "Work items",
    operation_id = "reopenWorkItem",
    params(("id" = Uuid, Path, description = "The work item.")),
    responses((status = 200, description = "The work item as it is now.", body = WorkItemView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[post("/api/v1/work-items/{id}/reopen")]
pub(crate) async fn reopen(
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
    let outcome = app::reopen_work_item(&caller.context, &db, id.0, if_match.0, keyed).await?;
    Ok(caller.reply(outcome, changed))
}
