//! Password, then code; out again.

use actix_web::{HttpRequest, HttpResponse, cookie::time::Duration, get, post, web::Data};
use cp_app::{
    Auth, Staff,
    staff::{self as app, GiveCode},
};
use cp_domain::{Email, StaffRole as DomainRole};
use cp_staff_api::{
    SecondFactor, StaffMemberView, StaffRole, StaffSessionView, StaffSignIn, StaffSignInAnswer,
};
use secrecy::SecretString;
use utoipa_actix_web::service_config::ServiceConfig;
use web::{ApiError, Json, Problem, ProblemCode, RequestIdExt};

use super::{StaffActor, actor::presented};
use crate::auth::{ClientInfo, cookie, ended, problems, staff_cookie_name};

/// The routes, with their part of the document.
pub fn documented_routes(config: &mut ServiceConfig<'_>) {
    config
        .service(sign_in)
        .service(code)
        .service(confirm)
        .service(sign_out)
        .service(current);
}

/// First step: e-mail and password. The cookie it sets is good for the second step only.
#[utoipa::path(
    tag = "Sign-in",
    operation_id = "staffSignIn",
    request_body = StaffSignIn,
    responses(
        (status = 200, description = "A code is due.", body = StaffSignInAnswer),
        (status = 401, description = "E-mail or password is wrong.", body = Problem),
        (status = 422, description = "Not an e-mail address.", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when.", body = Problem),
    ),
)]
#[post("/staff/v1/sign-in")]
async fn sign_in(
    request: HttpRequest,
    auth: Data<Auth>,
    ClientInfo(client): ClientInfo,
    body: Json<StaffSignIn>,
) -> Result<HttpResponse, ApiError> {
    presented(&request, &auth)?;
    let StaffSignIn { email, password } = body.into_inner();
    let command = app::StaffSignIn {
        email: Email::parse(&email).map_err(problems::email)?,
        password: SecretString::from(password),
        client,
    };
    let pending = app::sign_in_staff(&auth, command)
        .await
        .map_err(problems::staff_sign_in)?;
    let life = pending.expires_at - auth.clock.now();
    let answer = StaffSignInAnswer::SecondFactorRequired {
        methods: vec!["totp".to_owned()],
    };
    Ok(with_cookie(&auth, &pending.cookie, life, answer))
}

/// Second step: the code of the authenticator. Each code is good once.
#[utoipa::path(
    tag = "Sign-in",
    operation_id = "staffSignInTotp",
    request_body = SecondFactor,
    responses(
        (status = 200, description = "Signed in, with another cookie.", body = StaffSignInAnswer),
        (status = 401, description = "The code is wrong or used, or no password was given.", body = Problem),
        (status = 403, description = "Too many wrong codes; an owner has to reset.", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when.", body = Problem),
    ),
)]
#[post("/staff/v1/sign-in/totp")]
async fn code(
    request: HttpRequest,
    auth: Data<Auth>,
    ClientInfo(client): ClientInfo,
    RequestIdExt(request_id): RequestIdExt,
    body: Json<SecondFactor>,
) -> Result<HttpResponse, ApiError> {
    let pending = presented(&request, &auth)?
        .ok_or_else(|| problems::staff_sign_in(app::StaffSignInError::NotPending))?;
    let code = body.into_inner().code;
    let command = GiveCode {
        pending,
        code,
        client,
        request_id: request_id.to_string(),
    };
    let signed_in = app::give_code(&auth, command)
        .await
        .map_err(problems::staff_sign_in)?;
    let life = signed_in.expires_at - auth.clock.now();
    let answer = StaffSignInAnswer::SignedIn {
        staff: view_of(&signed_in.staff),
    };
    Ok(with_cookie(&auth, &signed_in.cookie, life, answer))
}

/// Confirms who one is, before what is dangerous: within ten minutes of it, or of signing in, one
/// looks into tenants, takes people's factors away and administers staff.
#[utoipa::path(
    tag = "Sign-in",
    operation_id = "staffConfirmIdentity",
    request_body = SecondFactor,
    responses(
        (status = 200, description = "Confirmed, with another cookie.", body = StaffSignInAnswer),
        (status = 401, description = "The code is wrong or used, or nobody is signed in.", body = Problem),
        (status = 403, description = "Too many wrong codes; an owner has to reset.", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when.", body = Problem),
    ),
)]
#[post("/staff/v1/confirm-identity")]
async fn confirm(
    request: HttpRequest,
    auth: Data<Auth>,
    ClientInfo(client): ClientInfo,
    RequestIdExt(request_id): RequestIdExt,
    body: Json<SecondFactor>,
) -> Result<HttpResponse, ApiError> {
    let session = presented(&request, &auth)?;
    let command = GiveCode {
        pending: session.ok_or_else(|| ApiError::new(ProblemCode::Unauthenticated))?,
        code: body.into_inner().code,
        client,
        request_id: request_id.to_string(),
    };
    let confirmed = app::confirm_code(&auth, command)
        .await
        .map_err(problems::staff_sign_in)?;
    let life = confirmed.expires_at - auth.clock.now();
    let answer = StaffSignInAnswer::SignedIn {
        staff: view_of(&confirmed.staff),
    };
    Ok(with_cookie(&auth, &confirmed.cookie, life, answer))
}

/// Ends the session that the request came with, if any.
#[utoipa::path(
    tag = "Sign-in",
    operation_id = "staffSignOut",
    responses((status = 204, description = "Nobody is signed in any more.")),
)]
#[post("/staff/v1/sign-out")]
async fn sign_out(request: HttpRequest, auth: Data<Auth>) -> Result<HttpResponse, ApiError> {
    if let Some(hash) = presented(&request, &auth)? {
        app::sign_out_staff(&auth, &hash)
            .await
            .map_err(|error| problems::store(&error))?;
    }
    let insecure = auth.settings.insecure_cookies;
    Ok(HttpResponse::NoContent()
        .cookie(ended(staff_cookie_name(insecure), insecure))
        .finish())
}

/// Who is signed in.
#[utoipa::path(
    tag = "Sign-in",
    operation_id = "getStaffSession",
    responses(
        (status = 200, description = "The present session.", body = StaffSessionView),
        (status = 401, description = "Nobody is signed in.", body = Problem),
    ),
)]
#[get("/staff/v1/session")]
async fn current(actor: StaffActor) -> Result<Json<StaffSessionView>, ApiError> {
    let StaffActor {
        staff,
        name,
        email,
        role,
        expires_at,
        ..
    } = actor;
    let staff = StaffMemberView {
        id: staff,
        name,
        email,
        role: role_view(role),
    };
    Ok(Json(StaffSessionView { staff, expires_at }))
}

fn with_cookie(
    auth: &Auth,
    value: &SecretString,
    life: chrono::TimeDelta,
    answer: StaffSignInAnswer,
) -> HttpResponse {
    let insecure = auth.settings.insecure_cookies;
    let life = Duration::seconds(life.num_seconds().max(1));
    HttpResponse::Ok()
        .cookie(cookie(staff_cookie_name(insecure), value, life, insecure))
        .insert_header(("cache-control", "no-store"))
        .json(answer)
}

fn view_of(staff: &Staff) -> StaffMemberView {
    StaffMemberView {
        id: staff.id,
        name: staff.name.clone(),
        email: staff.email.to_string(),
        role: role_view(staff.role),
    }
}

const fn role_view(role: DomainRole) -> StaffRole {
    match role {
        DomainRole::Support => StaffRole::Support,
        DomainRole::Operator => StaffRole::Operator,
        DomainRole::Security => StaffRole::Security,
        DomainRole::Owner => StaffRole::Owner,
    }
}
