//! Tenants' OpenID providers.

use actix_web::{get, post, web::Data};
use cp_app::{
    Auth,
    desk::{self, ConnectionSummary},
};
use cp_domain::{ConnectionState, FleetPermission};
use cp_staff_api as api;
use kernel::{ConnectionId, Page, TenantId};
use web::{ApiError, Json, Path, Problem, openapi::PageOf};

use super::{caller::Staff, problems};

/// A tenant's providers, of which it has a hundred at most.
#[utoipa::path(
    tag = "Tenants",
    operation_id = "listConnections",
    params(("id" = String, Path, format = Uuid, description = "The tenant.")),
    responses((status = 200, description = "The providers.", body = PageOf<api::ConnectionSummaryView>)),
)]
#[get("/staff/v1/tenants/{id}/connections")]
pub(super) async fn list(
    staff: Staff,
    auth: Data<Auth>,
    id: Path<TenantId>,
) -> Result<Json<Page<api::ConnectionSummaryView>>, ApiError> {
    staff.may(FleetPermission::Read)?;
    let found = desk::list_connections(&auth, id.into_inner())
        .await
        .map_err(|error| problems::store(&error))?;
    Ok(Json(Page {
        data: found.into_iter().map(view).collect(),
        next_cursor: None,
    }))
}

/// Stops sign-in through a provider that is not to be trusted any more. Who came in by it is out
/// at once, even where single sign-on is enforced; the tenant's architects switch it on again.
#[utoipa::path(
    tag = "Tenants",
    operation_id = "stopConnection",
    params(
        ("id" = String, Path, format = Uuid, description = "The tenant."),
        ("connection_id" = String, Path, format = Uuid, description = "The provider."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer."),
    ),
    request_body = api::Reason,
    responses(
        (status = 200, description = "The provider.", body = api::ConnectionSummaryView),
        (status = 404, description = "The tenant has no such provider.", body = Problem),
        (status = 409, description = "Somebody is changing it.", body = Problem),
    ),
)]
#[post("/staff/v1/tenants/{id}/connections/{connection_id}/stop")]
pub(super) async fn stop(
    staff: Staff,
    auth: Data<Auth>,
    path: Path<(TenantId, ConnectionId)>,
    body: Json<api::Reason>,
) -> Result<Json<api::ConnectionSummaryView>, ApiError> {
    staff.may_now(&auth, FleetPermission::StopConnections)?;
    let (tenant, id) = path.into_inner();
    let body = body.into_inner();
    let by = staff.by(&body);
    desk::stop_connection(&auth, &by, tenant, id, body.reason.trim())
        .await
        .map(|connection| Json(view(connection)))
        .map_err(problems::connection)
}

fn view(connection: ConnectionSummary) -> api::ConnectionSummaryView {
    let (last_failure_at, last_failure) = connection.last_failure.unzip();
    api::ConnectionSummaryView {
        id: connection.id,
        name: connection.name,
        issuer: connection.issuer,
        client_id: connection.client_id,
        provisions: connection.provisions,
        enabled: connection.state == ConnectionState::Enabled,
        created_at: connection.created_at,
        updated_at: connection.updated_at,
        last_sign_in_at: connection.last_sign_in_at,
        last_failure_at,
        last_failure,
    }
}
