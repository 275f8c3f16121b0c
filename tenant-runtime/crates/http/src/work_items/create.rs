use actix_web::post;
use tr_app::{
    Keyed,
    views::WorkItemView,
    work_items::{self as app, CreateWorkItem},
};
use web::RawJson;

use super::{body::WorkItemCreate, labels};
use crate::{
    caller::{Caller, WriteItems},
    reply::{self, Key, Reply},
};

/// Creates a work item.
///
/// It goes to the end of its siblings. A grid copies the rights on its folder.
#[utoipa::path(
    tag = "Work items",
    operation_id = "createWorkItem",
    request_body = WorkItemCreate,
    responses((status = 201, description = "The new work item.", body = WorkItemView,
        headers(("ETag" = String, description = "Its revision, quoted."),
                ("Location" = String, description = "Its path.")))),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[post("/api/v1/work-items")]
pub(crate) async fn create(caller: Caller<WriteItems>, key: Key, body: RawJson) -> Reply {
    let item: WorkItemCreate = body.parse()?;
    let answer = |item: &WorkItemView| reply::created("work-items", item.id, item.revision, item);
    let request = key.request(&caller.context, body.bytes());
    let keyed = request.map(|request| Keyed {
        request,
        answer: &answer,
    });
    let db = caller.db().await?;
    let outcome = app::create_work_item(&caller.context, &db, item.into(), keyed).await?;
    Ok(caller.reply(outcome, answer))
}

impl From<WorkItemCreate> for CreateWorkItem {
    fn from(mut item: WorkItemCreate) -> Self {
        Self {
            kind: item.kind,
            folder_id: item.folder_id.map(Into::into),
            parent_id: item.parent_id.map(Into::into),
            theme_id: item.theme_id.map(Into::into),
            labels: labels(item.labels.take().unwrap_or_default()),
            content: item.content(),
        }
    }
}
