//! Support access: staff's side.

use actix_web::{get, post, web::Data};
use cp_app::{
    Auth,
    support::{self as app, NewRequest, SupportAccess, SupportFilter},
};
use cp_domain::{FleetPermission, SupportState};
use cp_staff_api as api;
use kernel::{Cursor, Page, SupportAccessId};
use secrecy::ExposeSecret as _;
use web::{ApiError, Created, Json, Path, Problem, ProblemCode, Query, openapi::PageOf};

use super::{caller::Staff, paging::after, problems};
use crate::auth::ClientInfo;

/// Who asked to look into which tenant, the newest first.
#[utoipa::path(
    tag = "Support access",
    operation_id = "listSupportAccess",
    params(api::SupportQuery),
    responses((status = 200, description = "A page of requests.", body = PageOf<api::SupportAccessView>)),
)]
#[get("/staff/v1/support-access")]
pub(super) async fn list(
    staff: Staff,
    auth: Data<Auth>,
    query: Query<api::SupportQuery>,
) -> Result<Json<Page<api::SupportAccessView>>, ApiError> {
    staff.may(FleetPermission::SeeSupport)?;
    let query = query.into_inner();
    let filter = SupportFilter {
        tenant: query.tenant_id,
        staff: query.staff_id,
        state: None,
        before: after(query.cursor.as_ref())?,
    };
    let found = app::list(&auth, &filter, query.limit)
        .await
        .map_err(|error| problems::store(&error))?;
    let page = Page::from_rows(found, query.limit, |last| Cursor::encode(&last.id));
    Ok(Json(page.map(|access| view(&auth, access))))
}

/// One request.
#[utoipa::path(
    tag = "Support access",
    operation_id = "getSupportAccess",
    params(("id" = String, Path, format = Uuid, description = "The request.")),
    responses(
        (status = 200, description = "The request.", body = api::SupportAccessView),
        (status = 404, description = "There is no such request.", body = Problem),
    ),
)]
#[get("/staff/v1/support-access/{id}")]
pub(super) async fn show(
    staff: Staff,
    auth: Data<Auth>,
    id: Path<SupportAccessId>,
) -> Result<Json<api::SupportAccessView>, ApiError> {
    staff.may(FleetPermission::SeeSupport)?;
    let found = app::find(&auth, id.into_inner())
        .await
        .map_err(|error| problems::store(&error))?;
    let access = found.ok_or_else(|| ApiError::new(ProblemCode::NotFound))?;
    Ok(Json(view(&auth, access)))
}

/// Asks a tenant's architects whether one may look in. They get a mail with the reason.
#[utoipa::path(
    tag = "Support access",
    operation_id = "requestSupportAccess",
    request_body = api::SupportRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer.")),
    responses(
        (status = 201, description = "The request.", body = api::SupportAccessView),
        (status = 404, description = "There is no such tenant in service.", body = Problem),
        (status = 409, description = "One's own request to this tenant is open.", body = Problem),
        (status = 422, description = "A field is not what it should be.", body = Problem),
    ),
)]
#[post("/staff/v1/support-access")]
pub(super) async fn request(
    staff: Staff,
    auth: Data<Auth>,
    body: Json<api::SupportRequest>,
) -> Result<Created<api::SupportAccessView>, ApiError> {
    staff.may(FleetPermission::UseSupport)?;
    let body = body.into_inner();
    let by = staff.by(&body);
    let new = NewRequest {
        tenant: body.tenant_id,
        reason: body.reason.trim().to_owned(),
        minutes: body.minutes,
    };
    let access = app::request(&auth, &by, new)
        .await
        .map_err(problems::support)?;
    Ok(Created {
        location: format!("/staff/v1/support-access/{}", access.id),
        etag: None,
        body: view(&auth, access),
    })
}

/// Makes a way into the tenant: post the answer's `code` as a form to its `url` within half a
/// minute. What one may do there is read; every visit is in both audits.
#[utoipa::path(
    tag = "Support access",
    operation_id = "enterTenant",
    params(("id" = String, Path, format = Uuid, description = "The access.")),
    responses(
        (status = 200, description = "The way in.", body = api::EntranceView),
        (status = 404, description = "One has no such access.", body = Problem),
        (status = 409, description = "The tenant has not consented, or the time is over.", body = Problem),
    ),
)]
#[post("/staff/v1/support-access/{id}/enter")]
pub(super) async fn enter(
    staff: Staff,
    auth: Data<Auth>,
    ClientInfo(client): ClientInfo,
    id: Path<SupportAccessId>,
) -> Result<Json<api::EntranceView>, ApiError> {
    staff.may_now(&auth, FleetPermission::UseSupport)?;
    // A code is good once: the same answer again would be of no use, so that keys do not count.
    let entrance = app::enter(&auth, &staff.by(&()), id.into_inner(), &client)
        .await
        .map_err(problems::support)?;
    Ok(Json(api::EntranceView {
        url: entrance.url,
        code: entrance.code.expose_secret().to_owned(),
        expires_at: entrance.expires_at,
    }))
}

/// Gives access back before its time is over, or takes a request back.
#[utoipa::path(
    tag = "Support access",
    operation_id = "endSupportAccess",
    params(
        ("id" = String, Path, format = Uuid, description = "The request."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer."),
    ),
    responses(
        (status = 200, description = "The request.", body = api::SupportAccessView),
        (status = 404, description = "One has no such request.", body = Problem),
        (status = 409, description = "It has ended.", body = Problem),
    ),
)]
#[post("/staff/v1/support-access/{id}/end")]
pub(super) async fn end(
    staff: Staff,
    auth: Data<Auth>,
    id: Path<SupportAccessId>,
) -> Result<Json<api::SupportAccessView>, ApiError> {
    staff.may(FleetPermission::UseSupport)?;
    let access = app::end(&auth, &staff.by(&()), id.into_inner())
        .await
        .map_err(problems::support)?;
    Ok(Json(view(&auth, access)))
}

fn view(auth: &Auth, access: SupportAccess) -> api::SupportAccessView {
    let state = match access.state_at(auth.clock.now()) {
        SupportState::Requested => api::SupportState::Requested,
        SupportState::Granted => api::SupportState::Granted,
        SupportState::Declined => api::SupportState::Declined,
        SupportState::Withdrawn => api::SupportState::Withdrawn,
        SupportState::Ended => api::SupportState::Ended,
    };
    api::SupportAccessView {
        id: access.id,
        tenant_id: access.tenant,
        tenant_slug: access.tenant_slug,
        tenant_name: access.tenant_name,
        staff_id: access.staff,
        staff_name: access.staff_name,
        reason: access.reason,
        minutes: access.minutes,
        state,
        requested_at: access.requested_at,
        decided_at: access.decided_at,
        expires_at: access.expires_at,
        ended_at: access.ended_at,
    }
}
