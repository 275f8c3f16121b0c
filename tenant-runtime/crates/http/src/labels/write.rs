use actix_web::{delete, patch, post};
use kernel::LabelId;
use tr_app::{
    Keyed,
    labels::{self as app, CreateLabel, PatchLabel},
    views::LabelView,
};
use web::{IfMatchHeader, Path as Id, RawJson};

use super::body::{LabelCreate, LabelPatch};
use crate::{
    body,
    caller::{Caller, WriteItems},
    reply::{self, Key, Reply},
};

/// Creates a label.
#[utoipa::path(
    tag = "Labels",
    operation_id = "createLabel",
    request_body = LabelCreate,
    responses((status = 201, description = "The new label.", body = LabelView,
        headers(("ETag" = String, description = "Its revision, quoted."),
                ("Location" = String, description = "Its path.")))),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[post("/api/v1/labels")]
pub(crate) async fn create(caller: Caller<WriteItems>, key: Key, body: RawJson) -> Reply {
    let LabelCreate { name, colour } = body.parse()?;
    let answer = |label: &LabelView| reply::created("labels", label.id, label.revision, label);
    let request = key.request(&caller.context, body.bytes());
    let keyed = request.map(|request| Keyed {
        request,
        answer: &answer,
    });
    let db = caller.db().await?;
    let command = CreateLabel { name, colour };
    let outcome = app::create_label(&caller.context, &db, command, keyed).await?;
    Ok(caller.reply(outcome, answer))
}

/// Changes a label.
#[utoipa::path(
    tag = "Labels",
    operation_id = "updateLabel",
    params(("id" = Uuid, Path, description = "The label.")),
    request_body = LabelPatch,
    responses((status = 200, description = "The label as it is now.", body = LabelView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[patch("/api/v1/labels/{id}")]
pub(crate) async fn patch(
    caller: Caller<WriteItems>,
    id: Id<LabelId>,
    if_match: IfMatchHeader,
    body: RawJson,
) -> Reply {
    let (patch, checked) = body::patch::<LabelPatch>(&body);
    let db = caller.db().await?;
    let LabelPatch { name, colour } = patch;
    let command = PatchLabel {
        id: id.0,
        if_match: if_match.0,
        name,
        colour,
    };
    let label = app::patch_label(&caller.context, &db, command).await?;
    checked?;
    Ok(caller.changed(label.revision, &label))
}

/// Deletes a label, off all items too.
#[utoipa::path(
    tag = "Labels",
    operation_id = "deleteLabel",
    params(("id" = Uuid, Path, description = "The label.")),
    responses((status = 204, description = "It is deleted.")),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[delete("/api/v1/labels/{id}")]
pub(crate) async fn delete(
    caller: Caller<WriteItems>,
    id: Id<LabelId>,
    if_match: IfMatchHeader,
) -> Reply {
    let db = caller.db().await?;
    app::delete_label(&caller.context, &db, id.0, if_match.0).await?;
    Ok(caller.gone())
}
