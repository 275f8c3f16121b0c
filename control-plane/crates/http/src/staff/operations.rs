//! Operations.

use actix_web::{get, post, web::Data};
use cp_app::fleet::{self, Fleet, OperationError, OperationFilter};
use cp_domain::FleetPermission;
use cp_staff_api as api;
use kernel::{Cursor, OperationId, Page};
use web::{ApiError, Json, Path, Problem, ProblemCode, Query, openapi::PageOf};

use super::{caller::Staff, problems, views};

/// Operations, the newest first.
#[utoipa::path(
    tag = "Operations",
    operation_id = "listOperations",
    params(api::OperationQuery),
    responses((status = 200, description = "A page of operations.", body = PageOf<api::OperationView>)),
)]
#[get("/staff/v1/operations")]
pub(super) async fn list(
    staff: Staff,
    fleet: Data<Fleet>,
    query: Query<api::OperationQuery>,
) -> Result<Json<Page<api::OperationView>>, ApiError> {
    staff.may(FleetPermission::Read)?;
    let query = query.into_inner();
    let before = query
        .cursor
        .as_ref()
        .map(Cursor::decode::<OperationId>)
        .transpose();
    let filter = OperationFilter {
        state: query.state.map(views::operation_state_of),
        tenant: query.tenant_id,
        before: before.map_err(|_| ApiError::new(ProblemCode::InvalidCursor))?,
    };
    let found = fleet::list_operations(&fleet, &filter, query.limit)
        .await
        .map_err(|error| problems::store(&error))?;
    let usual = found.usual_seconds;
    let page = Page::from_rows(found.operations, query.limit, |last| {
        Cursor::encode(&last.operation.id)
    });
    let view = |listed: fleet::ListedOperation| {
        views::operation(&listed, usual.get(&listed.operation.kind).copied())
    };
    Ok(Json(page.map(view)))
}

/// One operation with its steps.
#[utoipa::path(
    tag = "Operations",
    operation_id = "getOperation",
    params(("id" = String, Path, format = Uuid, description = "The operation.")),
    responses(
        (status = 200, description = "The operation.", body = api::OperationView),
        (status = 404, description = "There is no such operation.", body = Problem),
    ),
)]
#[get("/staff/v1/operations/{id}")]
pub(super) async fn show(
    staff: Staff,
    fleet: Data<Fleet>,
    id: Path<OperationId>,
) -> Result<Json<api::OperationView>, ApiError> {
    staff.may(FleetPermission::Read)?;
    view(&fleet, id.into_inner()).await.map(Json)
}

/// Has a failed operation go on from the step that failed.
#[utoipa::path(
    tag = "Operations",
    operation_id = "retryOperation",
    params(
        ("id" = String, Path, format = Uuid, description = "The operation."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer."),
    ),
    responses(
        (status = 200, description = "The operation.", body = api::OperationView),
        (status = 404, description = "There is no such operation.", body = Problem),
        (status = 409, description = "It has not failed.", body = Problem),
    ),
)]
#[post("/staff/v1/operations/{id}/retry")]
pub(super) async fn retry(
    staff: Staff,
    fleet: Data<Fleet>,
    id: Path<OperationId>,
) -> Result<Json<api::OperationView>, ApiError> {
    staff.may(FleetPermission::Operate)?;
    let id = id.into_inner();
    let (requester, keyed) = (staff.requester(), staff.keyed(&()));
    turned(fleet::retry_operation(&fleet, &requester, id, keyed.as_ref()).await)?;
    view(&fleet, id).await.map(Json)
}

/// Has everything that an operation did taken back, from the last step to the first.
#[utoipa::path(
    tag = "Operations",
    operation_id = "cancelOperation",
    params(
        ("id" = String, Path, format = Uuid, description = "The operation."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer."),
    ),
    responses(
        (status = 200, description = "The operation.", body = api::OperationView),
        (status = 404, description = "There is no such operation.", body = Problem),
        (status = 409, description = "It is over.", body = Problem),
    ),
)]
#[post("/staff/v1/operations/{id}/cancel")]
pub(super) async fn cancel(
    staff: Staff,
    fleet: Data<Fleet>,
    id: Path<OperationId>,
) -> Result<Json<api::OperationView>, ApiError> {
    staff.may(FleetPermission::Operate)?;
    let id = id.into_inner();
    let (requester, keyed) = (staff.requester(), staff.keyed(&()));
    turned(fleet::cancel_operation(&fleet, &requester, id, keyed.as_ref()).await)?;
    view(&fleet, id).await.map(Json)
}

fn turned(outcome: Result<(), OperationError>) -> Result<(), ApiError> {
    outcome.map_err(|error| problems::operation(&error))
}

async fn view(fleet: &Fleet, id: OperationId) -> Result<api::OperationView, ApiError> {
    let found = fleet::find_operation(fleet, id)
        .await
        .map_err(|error| problems::store(&error))?;
    let (listed, usual) = found.ok_or_else(|| ApiError::new(ProblemCode::NotFound))?;
    Ok(views::operation(&listed, usual))
}
