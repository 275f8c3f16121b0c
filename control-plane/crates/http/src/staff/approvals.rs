//! What waits until a second member of staff agrees.

use actix_web::{HttpResponse, get, http::header::LOCATION, post, web::Data};
use cp_app::fleet::{self, Approval, Fleet};
use cp_domain::FleetPermission;
use cp_staff_api as api;
use kernel::{Cursor, Page};
use uuid::Uuid;
use web::{ApiError, Json, Path, Problem, ProblemCode, Query, openapi::PageOf};

use super::{caller::Staff, paging::after, problems};

/// What waits for a second person and what was decided, the newest first.
#[utoipa::path(
    tag = "Approvals",
    operation_id = "listApprovals",
    params(api::PageQuery),
    responses((status = 200, description = "A page of them.", body = PageOf<api::ApprovalView>)),
)]
#[get("/staff/v1/approvals")]
pub(super) async fn list(
    staff: Staff,
    fleet: Data<Fleet>,
    query: Query<api::PageQuery>,
) -> Result<Json<Page<api::ApprovalView>>, ApiError> {
    staff.may(FleetPermission::Read)?;
    let query = query.into_inner();
    let before = after(query.cursor.as_ref())?;
    let found = fleet::list_approvals(&fleet, before, query.limit)
        .await
        .map_err(|error| problems::store(&error))?;
    let page = Page::from_rows(found, query.limit, |last| Cursor::encode(&last.id));
    Ok(Json(page.map(|approval| view(&fleet, approval))))
}

/// One of them.
#[utoipa::path(
    tag = "Approvals",
    operation_id = "getApproval",
    params(("id" = String, Path, format = Uuid, description = "What waits.")),
    responses(
        (status = 200, description = "What waits.", body = api::ApprovalView),
        (status = 404, description = "Nothing such waits.", body = Problem),
    ),
)]
#[get("/staff/v1/approvals/{id}")]
pub(super) async fn show(
    staff: Staff,
    fleet: Data<Fleet>,
    id: Path<Uuid>,
) -> Result<Json<api::ApprovalView>, ApiError> {
    staff.may(FleetPermission::Read)?;
    let found = fleet::find_approval(&fleet, id.into_inner())
        .await
        .map_err(|error| problems::store(&error))?;
    let approval = found.ok_or_else(|| ApiError::new(ProblemCode::NotFound))?;
    Ok(Json(view(&fleet, approval)))
}

/// Agrees, as the second person: an operation does what was asked for.
#[utoipa::path(
    tag = "Approvals",
    operation_id = "approve",
    params(("id" = String, Path, format = Uuid, description = "What waits.")),
    responses(
        (status = 202, description = "The operation is written down.", body = api::Accepted),
        (status = 403, description = "It is one's own request.", body = Problem),
        (status = 404, description = "Nothing such waits.", body = Problem),
        (status = 409, description = "It was decided, or the tenant cannot be so changed.", body = Problem),
    ),
)]
#[post("/staff/v1/approvals/{id}/approve")]
pub(super) async fn approve(
    staff: Staff,
    fleet: Data<Fleet>,
    id: Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    staff.may(FleetPermission::Operate)?;
    let accepted = fleet::approve(&fleet, &staff.requester(), id.into_inner())
        .await
        .map_err(|error| problems::approval(&error))?;
    let location = format!("/staff/v1/operations/{}", accepted.operation_id);
    Ok(HttpResponse::Accepted()
        .insert_header((LOCATION, location))
        .json(api::Accepted {
            tenant_id: accepted.tenant_id,
            operation_id: accepted.operation_id,
        }))
}

/// Says no, or takes one's own request back.
#[utoipa::path(
    tag = "Approvals",
    operation_id = "decline",
    params(("id" = String, Path, format = Uuid, description = "What waits.")),
    responses(
        (status = 200, description = "It waits no more.", body = api::ApprovalView),
        (status = 404, description = "Nothing such waits.", body = Problem),
        (status = 409, description = "It was decided.", body = Problem),
    ),
)]
#[post("/staff/v1/approvals/{id}/decline")]
pub(super) async fn decline(
    staff: Staff,
    fleet: Data<Fleet>,
    id: Path<Uuid>,
) -> Result<Json<api::ApprovalView>, ApiError> {
    staff.may(FleetPermission::Operate)?;
    let declined = fleet::decline(&fleet, &staff.requester(), id.into_inner())
        .await
        .map_err(|error| problems::approval(&error))?;
    Ok(Json(view(&fleet, declined)))
}

fn view(fleet: &Fleet, approval: Approval) -> api::ApprovalView {
    let state = match approval.state.as_str() {
        "approved" => api::ApprovalState::Approved,
        "declined" => api::ApprovalState::Declined,
        _ if fleet::waits(&approval, fleet.clock.now()) => api::ApprovalState::Requested,
        _ => api::ApprovalState::Expired,
    };
    api::ApprovalView {
        id: approval.id.to_string(),
        action: approval.action,
        tenant: api::TenantRef {
            id: approval.tenant,
            slug: approval.tenant_slug,
            name: approval.tenant_name,
        },
        input: serde_json::from_str(&approval.input).unwrap_or_default(),
        state,
        requested_by: approval.requested_by,
        requester_name: approval.requester_name,
        requested_at: approval.requested_at,
        expires_at: approval.expires_at,
        decided_by: approval.decided_by,
        decided_at: approval.decided_at,
        operation_id: approval.operation,
    }
}
