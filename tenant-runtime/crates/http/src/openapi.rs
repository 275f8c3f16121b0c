//! The OpenAPI document. Handlers say what is particular to them; what holds for every operation
//! of a kind (preconditions, idempotency, problems) is added here, so that none can forget it.

mod complete;

use std::sync::OnceLock;

use actix_web::{App, HttpResponse, get, http::header::CACHE_CONTROL};
use bytes::Bytes;
use utoipa::{OpenApi as _, openapi::OpenApi};
use utoipa_actix_web::AppExt as _;

use crate::routes;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Trellis: a tenant's API",
        description = "Folders, plans and the work in them. Ids are UUIDs, audit times RFC 3339 \
            in UTC, schedule times local to the tenant without a zone, durations minutes of \
            working time.\n\nChecks are made in the order 404, 403, 428, 412, 422: what one may \
            not see does not exist. Errors are `application/problem+json` (RFC 9457); branch on \
            `code`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "Folders", description = "The tree that plans lie in."),
        (name = "Work items", description = "Grids, stages, themes, elements, gates and tasks."),
        (name = "Dependencies", description = "What has to wait for what."),
        (name = "Labels", description = "Coloured tags."),
        (name = "Members", description = "The people of the tenant and their groups."),
        (name = "Grants", description = "Who may do what on a folder or grid."),
        (name = "Activity", description = "What happened."),
        (name = "Webhooks", description = "Addresses that hear of what happens, and what was sent to them."),
        (name = "Notifications", description = "What the caller was told, and by which ways they are."),
        (name = "Meta", description = "About this API."),
    ),
    servers((url = "/", description = "The tenant's own host.")),
    components(schemas(web::Problem, web::FieldError)),
)]
struct Document;

/// The document.
#[must_use]
pub fn openapi() -> OpenApi {
    let (_, mut document) = App::new()
        .into_utoipa_app()
        .openapi(Document::openapi())
        .configure(routes::all)
        .split_for_parts();
    complete::complete(&mut document);
    document
}

/// The document as it is served and checked in.
#[must_use]
pub fn openapi_json() -> String {
    let mut text = openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// Gives this document.
#[utoipa::path(
    tag = "Meta",
    operation_id = "getOpenApi",
    responses((status = 200, description = "The OpenAPI document.", body = serde_json::Value)),
)]
#[get("/api/v1/openapi.json")]
pub(crate) async fn get() -> HttpResponse {
    static TEXT: OnceLock<Bytes> = OnceLock::new();
    let text = TEXT.get_or_init(|| Bytes::from(openapi_json()));
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(text.clone())
}
