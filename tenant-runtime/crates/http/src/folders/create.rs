use actix_web::post;
use tr_app::{
    Keyed,
    folders::{self as app, CreateFolder},
    views::FolderView,
};
use web::RawJson;

use super::body::FolderCreate;
use crate::{
    caller::{Caller, WriteItems},
    reply::{self, Key, Reply},
};

/// Creates a folder, with the rights of the folder it lies in.
#[utoipa::path(
    tag = "Folders",
    operation_id = "createFolder",
    request_body = FolderCreate,
    responses((status = 201, description = "The new folder.", body = FolderView,
        headers(("ETag" = String, description = "Its revision, quoted."),
                ("Location" = String, description = "Its path.")))),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[post("/api/v1/folders")]
pub(crate) async fn create(caller: Caller<WriteItems>, key: Key, body: RawJson) -> Reply {
    let FolderCreate { parent_id, name } = body.parse()?;
    let command = CreateFolder {
        parent_id: parent_id.into(),
        name,
    };
    let answer =
        |folder: &FolderView| reply::created("folders", folder.id, folder.revision, folder);
    let request = key.request(&caller.context, body.bytes());
    let keyed = request.map(|request| Keyed {
        request,
        answer: &answer,
    });
    let db = caller.db().await?;
    let outcome = app::create_folder(&caller.context, &db, command, keyed).await?;
    Ok(caller.reply(outcome, answer))
}
