//! Staff on a tenant's host, with the tenant's consent: in, who they are, out.

use actix_web::{
    HttpResponse,
    cookie::time::Duration,
    get,
    http::header::LOCATION,
    post,
    web::{Data, Form},
};
use chrono::{DateTime, Utc};
use cp_app::{
    Auth, Client,
    sessions::TenantHost,
    support::{self as app, SupportError},
};
use garde::Validate;
use kernel::RequestId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{ApiError, Json, Problem, ProblemCode, RequestIdExt};

use super::{
    context::{ClientInfo, SignedIn, Tenant},
    cookies::{cookie, cookie_name, expired_session_cookie},
    problems,
};

/// The code that the staff API gave.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(super) struct SupportCode {
    /// Good once, for half a minute.
    #[garde(length(min = 1, max = 128))]
    code: String,
}

/// A member of the platform's staff in a tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SupportGuestView {
    /// What they are called.
    staff_name: String,
    /// When they are out by themselves.
    expires_at: DateTime<Utc>,
}

/// Lets a member of staff in whose access the tenant consented to, for a code of the staff API.
#[utoipa::path(
    tag = "Support access",
    operation_id = "enterAsSupport",
    request_body = SupportCode,
    responses(
        (status = 200, description = "Inside; `Set-Cookie` has the session, which may only read.", body = SupportGuestView),
        (status = 404, description = "The code is used, too old or not for this tenant, or the consent is over.", body = Problem),
    ),
)]
#[post("/auth/v1/support/enter")]
pub(super) async fn enter(
    auth: Data<Auth>,
    Tenant(tenant): Tenant,
    ClientInfo(client): ClientInfo,
    RequestIdExt(request_id): RequestIdExt,
    body: Json<SupportCode>,
) -> Result<HttpResponse, ApiError> {
    let code = body.into_inner().code;
    let signed_in = redeem(&auth, &tenant, &code, client, request_id).await?;
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .cookie(session_cookie(&auth, &signed_in))
        .json(view(&signed_in.guest)))
}

/// The same for a form that the back office's page posts.
#[utoipa::path(
    tag = "Support access",
    operation_id = "enterAsSupportByForm",
    request_body(content = SupportCode, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "Inside; on to the tenant's home."),
        (status = 404, description = "The code is used, too old or not for this tenant, or the consent is over.", body = Problem),
    ),
)]
#[post("/auth/support")]
pub(super) async fn enter_by_form(
    auth: Data<Auth>,
    Tenant(tenant): Tenant,
    ClientInfo(client): ClientInfo,
    RequestIdExt(request_id): RequestIdExt,
    form: Form<SupportCode>,
) -> Result<HttpResponse, ApiError> {
    let code = form.into_inner().code;
    let signed_in = redeem(&auth, &tenant, &code, client, request_id).await?;
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, "/"))
        .insert_header(("cache-control", "no-store"))
        .cookie(session_cookie(&auth, &signed_in))
        .finish())
}

/// Who of the staff looks in by this session, for a banner.
#[utoipa::path(
    tag = "Support access",
    operation_id = "getSupportGuest",
    responses(
        (status = 200, description = "Who, and until when.", body = SupportGuestView),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 404, description = "It is a member's session.", body = Problem),
    ),
)]
#[get("/auth/v1/support")]
pub(super) async fn current(
    SignedIn(session): SignedIn,
) -> Result<Json<SupportGuestView>, ApiError> {
    let guest = session.support.as_ref();
    let guest = guest.ok_or_else(|| ApiError::new(ProblemCode::NotFound))?;
    Ok(Json(view(guest)))
}

/// Leaves the tenant.
#[utoipa::path(
    tag = "Support access",
    operation_id = "leaveAsSupport",
    responses(
        (status = 204, description = "Outside."),
        (status = 401, description = "Nobody is signed in.", body = Problem),
    ),
)]
#[post("/auth/v1/support/leave")]
pub(super) async fn leave(
    auth: Data<Auth>,
    Tenant(tenant): Tenant,
    SignedIn(session): SignedIn,
    RequestIdExt(request_id): RequestIdExt,
) -> Result<HttpResponse, ApiError> {
    if let Some(guest) = &session.support {
        app::leave(&auth, tenant.tenant_id, guest.access, request_id)
            .await
            .map_err(problem)?;
    }
    let cookie = expired_session_cookie(auth.settings.insecure_cookies);
    Ok(HttpResponse::NoContent().cookie(cookie).finish())
}

async fn redeem(
    auth: &Auth,
    tenant: &TenantHost,
    code: &str,
    client: Client,
    request_id: RequestId,
) -> Result<app::SupportSignedIn, ApiError> {
    app::redeem(auth, tenant.tenant_id, code, client, request_id)
        .await
        .map_err(problem)
}

fn session_cookie(
    auth: &Auth,
    signed_in: &app::SupportSignedIn,
) -> actix_web::cookie::Cookie<'static> {
    let insecure = auth.settings.insecure_cookies;
    let life = signed_in.guest.expires_at - auth.clock.now();
    let life = Duration::seconds(life.num_seconds().max(1));
    cookie(cookie_name(insecure), &signed_in.cookie, life, insecure)
}

fn view(guest: &app::SupportGuest) -> SupportGuestView {
    SupportGuestView {
        staff_name: guest.staff_name.clone(),
        expires_at: guest.expires_at,
    }
}

/// What goes wrong with support access, on either side.
pub(crate) fn problem(error: SupportError) -> ApiError {
    match error {
        SupportError::NotFound => ApiError::new(ProblemCode::NotFound),
        SupportError::Forbidden => {
            ApiError::new(ProblemCode::Forbidden).detail("Only architects answer.")
        }
        SupportError::StepUp(error) => {
            ApiError::new(ProblemCode::StepUpRequired).detail(error.to_string())
        }
        SupportError::State(state) => ApiError::new(ProblemCode::InvalidState)
            .detail(format!("The request is {}.", state.as_str())),
        SupportError::Open => ApiError::new(ProblemCode::Conflict)
            .detail("A request of yours to this tenant is open."),
        SupportError::Nobody => ApiError::new(ProblemCode::Forbidden),
        SupportError::Key(cp_app::fleet::KeyError::Reused) => {
            ApiError::new(ProblemCode::IdempotencyKeyReused)
        }
        SupportError::Key(cp_app::fleet::KeyError::Store(error))
        | SupportError::Mail(cp_app::mail::QueueError::Store(error))
        | SupportError::Store(error) => problems::store(&error),
        SupportError::Mail(error) => ApiError::internal(&error),
        SupportError::Tenant(error) => ApiError::new(ProblemCode::Unavailable)
            .retry_after(2)
            .because(&error),
    }
}
