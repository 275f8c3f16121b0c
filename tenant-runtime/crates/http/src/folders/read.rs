use actix_web::get;
use kernel::{FolderId, Page};
use tr_app::{
    folders::{self as app, FolderFilter},
    views::FolderView,
};
use web::{Json, Path as Id, Query, Revised, openapi::PageOf};

use super::body::FolderQuery;
use crate::{
    caller::{Caller, ReadItems},
    failure::Failure,
};

/// Lists folders, in their order.
#[utoipa::path(
    tag = "Folders",
    operation_id = "listFolders",
    responses((status = 200, description = "A page of folders.", body = PageOf<FolderView>)),
    security(("session" = []), ("token" = ["work_items:read"])),
)]
#[get("/api/v1/folders")]
pub(crate) async fn list(
    caller: Caller<ReadItems>,
    query: Query<FolderQuery>,
) -> Result<Json<Page<FolderView>>, Failure> {
    let FolderQuery {
        parent_id,
        limit,
        cursor,
    } = query.0;
    let filter = FolderFilter {
        parent: parent_id.map(Into::into),
        limit,
        cursor,
    };
    let db = caller.db().await?;
    let page = app::list_folders(&caller.context, &db, filter).await;
    page.map(Json)
        .map_err(|error| Failure::from(error).of_query())
}

/// Gives a folder.
#[utoipa::path(
    tag = "Folders",
    operation_id = "getFolder",
    params(("id" = Uuid, Path, description = "The folder.")),
    responses((status = 200, description = "The folder.", body = FolderView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["work_items:read"])),
)]
#[get("/api/v1/folders/{id}")]
pub(crate) async fn get(
    caller: Caller<ReadItems>,
    id: Id<FolderId>,
) -> Result<Revised<FolderView>, Failure> {
    let db = caller.db().await?;
    let folder = app::get_folder(&caller.context, &db, id.0).await?;
    Ok(Revised {
        revision: folder.revision,
        body: folder,
    })
}
