use actix_web::post;
use kernel::{FolderId, IfMatch};
use tr_app::{
    Keyed,
    folders::{self as app, MoveFolder, PatchFolder},
    views::FolderView,
};
use web::{IfMatchHeader, Path as Id, RawJson};

use super::{body::FolderMove, changed};
use crate::{
    caller::{Caller, WriteItems},
    reply::{Key, Reply},
};

/// Moves a folder: among its siblings, or into another folder.
///
/// Rights stay as they are, except out of "My grids".
#[utoipa::path(
    tag = "Folders",
    operation_id = "moveFolder",
    params(("id" = Uuid, Path, description = "The folder.")),
    request_body = FolderMove,
    responses((status = 200, description = "The folder as it is now.", body = FolderView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[post("/api/v1/folders/{id}/move")]
pub(crate) async fn move_to(
    caller: Caller<WriteItems>,
    id: Id<FolderId>,
    if_match: IfMatchHeader,
    key: Key,
    body: RawJson,
) -> Reply {
    let db = caller.db().await?;
    let to = match body.parse::<FolderMove>() {
        Ok(to) => to,
        Err(wrong) => {
            app::patch_folder(&caller.context, &db, nothing(id.0, if_match.0)).await?;
            return Err(wrong.into());
        }
    };
    let command = MoveFolder {
        id: id.0,
        if_match: if_match.0,
        parent_id: to.parent_id.map(Into::into),
        before: to.before.map(Into::into),
        after: to.after.map(Into::into),
    };
    let request = key.request(&caller.context, body.bytes());
    let keyed = request.map(|request| Keyed {
        request,
        answer: &changed,
    });
    let outcome = app::move_folder(&caller.context, &db, command, keyed).await?;
    Ok(caller.reply(outcome, changed))
}

/// A change of nothing, which is refused like any other.
fn nothing(id: FolderId, if_match: IfMatch) -> PatchFolder {
    let if_match = if if_match == IfMatch::Missing {
        IfMatch::Any
    } else {
        if_match
    };
    PatchFolder {
        id,
        if_match,
        name: None,
    }
}
