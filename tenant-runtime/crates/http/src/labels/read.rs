use actix_web::get;
use kernel::{LabelId, Page};
use tr_app::{labels as app, views::LabelView};
use web::{Json, Path as Id, Query, Revised, openapi::PageOf};

use crate::{
    caller::{Caller, ReadItems},
    failure::Failure,
    paging::PageQuery,
};

/// Lists labels, by name.
#[utoipa::path(
    tag = "Labels",
    operation_id = "listLabels",
    responses((status = 200, description = "A page of labels.", body = PageOf<LabelView>)),
    security(("session" = []), ("token" = ["work_items:read"])),
)]
#[get("/api/v1/labels")]
pub(crate) async fn list(
    caller: Caller<ReadItems>,
    query: Query<PageQuery>,
) -> Result<Json<Page<LabelView>>, Failure> {
    let db = caller.db().await?;
    let page = app::list_labels(&caller.context, &db, query.0.into()).await;
    page.map(Json)
        .map_err(|error| Failure::from(error).of_query())
}

/// Gives a label.
#[utoipa::path(
    tag = "Labels",
    operation_id = "getLabel",
    params(("id" = Uuid, Path, description = "The label.")),
    responses((status = 200, description = "The label.", body = LabelView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["work_items:read"])),
)]
#[get("/api/v1/labels/{id}")]
pub(crate) async fn get(
    caller: Caller<ReadItems>,
    id: Id<LabelId>,
) -> Result<Revised<LabelView>, Failure> {
    let db = caller.db().await?;
    let label = app::get_label(&caller.context, &db, id.0).await?;
    Ok(Revised {
        revision: label.revision,
        body: label,
    })
}
