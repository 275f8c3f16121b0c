//! `/activity`: what happened to everything that the caller sees.

use actix_web::get;
use kernel::Page;
use tr_app::{activity as app, views::ActivityView};
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Json, Query, openapi::PageOf};

use crate::{
    caller::{Caller, ReadItems},
    failure::Failure,
    paging::PageQuery,
};

/// Adds the routes.
pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list);
}

/// Lists what happened to everything that the caller sees, the latest first.
#[utoipa::path(
    tag = "Activity",
    operation_id = "listActivity",
    responses((status = 200, description = "A page of entries.", body = PageOf<ActivityView>)),
    security(("session" = []), ("token" = ["work_items:read"])),
)]
#[get("/api/v1/activity")]
async fn list(
    caller: Caller<ReadItems>,
    query: Query<PageQuery>,
) -> Result<Json<Page<ActivityView>>, Failure> {
    let db = caller.db().await?;
    let page = app::list_activity(&caller.context, &db, query.0.into()).await;
    page.map(Json)
        .map_err(|error| Failure::from(error).of_query())
}
