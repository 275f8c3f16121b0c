use actix_web::post;
use kernel::{IfMatch, WorkItemId};
use tr_app::{
    Keyed,
    views::WorkItemView,
    work_items::{self as app, MoveWorkItem, PatchWorkItem},
};
use tr_domain::ContentPatch;
use web::{IfMatchHeader, Path as Id, RawJson};

use super::{body::WorkItemMove, changed};
use crate::{
    caller::{Caller, WriteItems},
    reply::{Key, Reply},
};

/// Moves a work item: among its siblings, to another parent, theme or folder.
///
/// Rights stay as they are, except for a grid that leaves "My grids".
#[utoipa::path(
    tag = "Work items",
    operation_id = "moveWorkItem",
    params(("id" = Uuid, Path, description = "The work item.")),
    request_body = WorkItemMove,
    responses((status = 200, description = "The work item as it is now.", body = WorkItemView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[post("/api/v1/work-items/{id}/move")]
pub(crate) async fn move_to(
    caller: Caller<WriteItems>,
    id: Id<WorkItemId>,
    if_match: IfMatchHeader,
    key: Key,
    body: RawJson,
) -> Reply {
    let db = caller.db().await?;
    let to = match body.parse::<WorkItemMove>() {
        Ok(to) => to,
        Err(wrong) => {
            let nothing = nothing(id.0, if_match.0);
            app::patch_work_item(&caller.context, &db, nothing).await?;
            return Err(wrong.into());
        }
    };
    let command = MoveWorkItem {
        id: id.0,
        if_match: if_match.0,
        parent_id: to.parent_id.map(Into::into),
        theme_id: to.theme_id.map(Into::into),
        folder_id: to.folder_id.map(Into::into),
        before: to.before.map(Into::into),
        after: to.after.map(Into::into),
    };
    let request = key.request(&caller.context, body.bytes());
    let keyed = request.map(|request| Keyed {
        request,
        answer: &changed,
    });
    let outcome = app::move_work_item(&caller.context, &db, command, keyed).await?;
    Ok(caller.reply(outcome, changed))
}

/// A change of nothing, which is refused like any other.
fn nothing(id: WorkItemId, if_match: IfMatch) -> PatchWorkItem {
    let if_match = if if_match == IfMatch::Missing {
        IfMatch::Any
    } else {
        if_match
    };
    PatchWorkItem {
        id,
        if_match,
        content: ContentPatch::default(),
        labels: None,
    }
}
