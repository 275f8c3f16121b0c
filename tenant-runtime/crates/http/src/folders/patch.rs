use actix_web::patch;
use kernel::FolderId;
use tr_app::{
    folders::{self as app, PatchFolder},
    views::FolderView,
};
use web::{IfMatchHeader, Path as Id, RawJson};

use super::body::FolderPatch;
use crate::{
    body,
    caller::{Caller, WriteItems},
    reply::Reply,
};

/// Changes a folder.
#[utoipa::path(
    tag = "Folders",
    operation_id = "updateFolder",
    params(("id" = Uuid, Path, description = "The folder.")),
    request_body = FolderPatch,
    responses((status = 200, description = "The folder as it is now.", body = FolderView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[patch("/api/v1/folders/{id}")]
pub(crate) async fn patch(
    caller: Caller<WriteItems>,
    id: Id<FolderId>,
    if_match: IfMatchHeader,
    body: RawJson,
) -> Reply {
    let (patch, checked) = body::patch::<FolderPatch>(&body);
    let db = caller.db().await?;
    let command = PatchFolder {
        id: id.0,
        if_match: if_match.0,
        name: patch.name,
    };
    let folder = app::patch_folder(&caller.context, &db, command).await?;
    checked?;
    Ok(caller.changed(folder.revision, &folder))
}
