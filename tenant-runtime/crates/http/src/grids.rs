//! `/grids`: plans as a whole.

use actix_web::{HttpResponse, get, http::header::ContentType};
use kernel::WorkItemId;
use tr_app::{board as app, views::BoardView};
use utoipa_actix_web::service_config::ServiceConfig;
use web::Path as Id;

use crate::{
    caller::{Caller, ReadItems},
    failure::Failure,
};

/// Adds the routes.
pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(board);
}

/// Gives a grid as a board: stages by themes with their cells, gates and progress.
#[utoipa::path(
    tag = "Work items",
    operation_id = "getBoard",
    params(("id" = Uuid, Path, description = "The grid.")),
    responses((status = 200, description = "The board.", body = BoardView)),
    security(("session" = []), ("token" = ["work_items:read"])),
)]
#[get("/api/v1/grids/{id}/board")]
async fn board(caller: Caller<ReadItems>, id: Id<WorkItemId>) -> Result<HttpResponse, Failure> {
    let db = caller.db().await?;
    let board = app::get_board(&caller.context, &db, caller.cache(), id.0).await?;
    Ok(HttpResponse::Ok()
        .content_type(ContentType::json())
        .body(board))
}
