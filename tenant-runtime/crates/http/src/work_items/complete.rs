use actix_web::post;
use kernel::WorkItemId;
use tr_app::{
    Keyed,
    views::WorkItemView,
    work_items::{self as app, CompleteWorkItem},
};
use web::{IfMatchHeader, Path as Id, RawJson};

use super::{body::WorkItemCompletion, changed};
use crate::{
    caller::{Caller, WriteItems},
    reply::{Key, Reply},
};

/// Completes a work item, or decides a gate.
///
/// One that is complete is given as it is. Elements with tasks, stages, themes and grids complete
/// by what is in them.
#[utoipa::path(
    tag = "Work items",
    operation_id = "completeWorkItem",
    params(("id" = Uuid, Path, description = "The work item.")),
    request_body = Option<WorkItemCompletion>,
    responses((status = 200, description = "The work item as it is now.", body = WorkItemView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[post("/api/v1/work-items/{id}/complete")]
pub(crate) async fn complete(
    caller: Caller<WriteItems>,
    id: Id<WorkItemId>,
    if_match: IfMatchHeader,
    key: Key,
    body: RawJson,
) -> Reply {
    let db = caller.db().await?;
    let said = match body.parse_or_default::<WorkItemCompletion>() {
        Ok(said) => said,
        Err(wrong) => {
            app::get_work_item(&caller.context, &db, id.0).await?;
            return Err(wrong.into());
        }
    };
    let command = CompleteWorkItem {
        id: id.0,
        if_match: if_match.0,
        outcome: said.outcome,
        note: said.note,
    };
    let request = key.request(&caller.context, body.bytes());
    let keyed = request.map(|request| Keyed {
        request,
        answer: &changed,
    });
    let outcome = app::complete_work_item(&caller.context, &db, command, keyed).await?;
    Ok(caller.reply(outcome, changed))
}
