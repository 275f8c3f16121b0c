use actix_web::get;
use kernel::{DependencyId, Page};
use tr_app::{dependencies as app, views::DependencyView};
use web::{Json, Path as Id, Query, Revised, openapi::PageOf};

use super::body::DependencyQuery;
use crate::{
    caller::{Caller, ReadItems},
    failure::Failure,
};

/// Lists dependencies, in the order in which they were made.
///
/// Of an end that the caller may not see, the dates are all that is told.
#[utoipa::path(
    tag = "Dependencies",
    operation_id = "listDependencies",
    responses((status = 200, description = "A page of dependencies.",
        body = PageOf<DependencyView>)),
    security(("session" = []), ("token" = ["work_items:read"])),
)]
#[get("/api/v1/dependencies")]
pub(crate) async fn list(
    caller: Caller<ReadItems>,
    query: Query<DependencyQuery>,
) -> Result<Json<Page<DependencyView>>, Failure> {
    let db = caller.db().await?;
    let page = app::list_dependencies(&caller.context, &db, query.0.into()).await;
    page.map(Json)
        .map_err(|error| Failure::from(error).of_query())
}

/// Gives a dependency.
#[utoipa::path(
    tag = "Dependencies",
    operation_id = "getDependency",
    params(("id" = Uuid, Path, description = "The dependency.")),
    responses((status = 200, description = "The dependency.", body = DependencyView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["work_items:read"])),
)]
#[get("/api/v1/dependencies/{id}")]
pub(crate) async fn get(
    caller: Caller<ReadItems>,
    id: Id<DependencyId>,
) -> Result<Revised<DependencyView>, Failure> {
    let db = caller.db().await?;
    let link = app::get_dependency(&caller.context, &db, id.0).await?;
    Ok(Revised {
        revision: link.revision,
        body: link,
    })
}
