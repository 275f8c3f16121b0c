use actix_web::{delete, post};
use kernel::FolderId;
use tr_app::{Keyed, folders as app, views::FolderView};
use web::{IfMatchHeader, Path as Id};

use super::changed;
use crate::{
    caller::{Caller, WriteItems},
    reply::{Key, Reply},
};

/// Deletes a folder with what is in it. It can be brought back for 30 days.
#[utoipa::path(
    tag = "Folders",
    operation_id = "deleteFolder",
    params(("id" = Uuid, Path, description = "The folder.")),
    responses((status = 204, description = "It is deleted.")),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[delete("/api/v1/folders/{id}")]
pub(crate) async fn delete(
    caller: Caller<WriteItems>,
    id: Id<FolderId>,
    if_match: IfMatchHeader,
) -> Reply {
    let db = caller.db().await?;
    app::delete_folder(&caller.context, &db, id.0, if_match.0).await?;
    Ok(caller.gone())
}

/// Brings a deleted folder back, with what was deleted with it.
#[utoipa::path(
    tag = "Folders",
    operation_id = "undeleteFolder",
    params(("id" = Uuid, Path, description = "The folder.")),
    responses((status = 200, description = "The folder as it is now.", body = FolderView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[post("/api/v1/folders/{id}/undelete")]
pub(crate) async fn undelete(
    caller: Caller<WriteItems>,
    id: Id<FolderId>,
    if_match: IfMatchHeader,
    key: Key,
) -> Reply {
    let db = caller.db().await?;
    let request = key.request(&caller.context, &[]);
    let keyed = request.map(|request| Keyed {
        request,
        answer: &changed,
    });
    let outcome = app::undelete_folder(&caller.context, &db, id.0, if_match.0, keyed).await?;
    Ok(caller.reply(outcome, changed))
}
