//! Signing in and out, and who is signed in.

use actix_web::{HttpResponse, get, post, web::Data};
use cp_app::{Auth, admission::Admission, sessions::TenantHost, sign_in as app};
use cp_domain::{Email, Factor};
use web::{ApiError, Json, Problem, ProblemCode, RequestIdExt};

use super::{
    context::{ClientInfo, SignedIn, Tenant, Visitor},
    cookies::{expired_session_cookie, pending_cookie, signed_in_cookies},
    problems,
    views::{MemberBrief, SessionAnswer, SignInAnswer, SignInRequest, TenantView},
};

/// Signs in with e-mail and password. Whatever is wrong, the answer is one and takes as long.
#[utoipa::path(
    tag = "Sign-in",
    operation_id = "signIn",
    request_body = SignInRequest,
    responses(
        (status = 200, description = "How far it leads; `Set-Cookie` has the session.", body = SignInAnswer),
        (status = 401, description = "E-mail or password is wrong.", body = Problem),
        (status = 403, description = "Single sign-on is enforced, or an access policy refuses.", body = Problem),
        (status = 422, description = "Not an e-mail address.", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when.", body = Problem),
    ),
)]
#[post("/auth/v1/sign-in")]
pub(super) async fn sign_in(
    auth: Data<Auth>,
    Tenant(tenant): Tenant,
    visitor: Visitor,
    ClientInfo(client): ClientInfo,
    body: Json<SignInRequest>,
) -> Result<HttpResponse, ApiError> {
    let SignInRequest { email, password } = body.into_inner();
    let command = app::SignIn {
        tenant: tenant.tenant_id,
        email: Email::parse(&email).map_err(problems::email)?,
        password,
        client,
        replaces: visitor.replaced(),
    };
    let admission = app::sign_in(&auth, command)
        .await
        .map_err(problems::sign_in)?;
    Ok(answer(&auth, &tenant, &admission))
}

/// How far somebody came, with the cookies.
pub(super) fn answer(auth: &Auth, tenant: &TenantHost, admission: &Admission) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header(("cache-control", "no-store"));
    let body = match admission {
        Admission::SignedIn(signed_in) => {
            for cookie in signed_in_cookies(auth, signed_in) {
                response.cookie(cookie);
            }
            SignInAnswer::SignedIn {
                member: MemberBrief::from(&signed_in.member),
                tenant: TenantView::from(tenant),
            }
        }
        Admission::SecondFactorDue(pending) => {
            response.cookie(pending_cookie(auth, pending));
            SignInAnswer::SecondFactorRequired {
                methods: pending.session.factors.methods(),
            }
        }
        Admission::EnrolmentDue(pending) => {
            response.cookie(pending_cookie(auth, pending));
            SignInAnswer::EnrolmentRequired {
                methods: vec![Factor::Totp, Factor::Passkey],
            }
        }
    };
    response.json(body)
}

/// Ends the session that the request came with, if any.
#[utoipa::path(
    tag = "Sign-in",
    operation_id = "signOut",
    responses((status = 204, description = "Nobody is signed in any more.")),
)]
#[post("/auth/v1/sign-out")]
pub(super) async fn sign_out(
    auth: Data<Auth>,
    visitor: Visitor,
    RequestIdExt(request_id): RequestIdExt,
) -> Result<HttpResponse, ApiError> {
    if let Some((tenant, guest)) = visitor.guest() {
        cp_app::support::leave(&auth, tenant, guest.access, request_id)
            .await
            .map_err(super::support::problem)?;
    }
    if let Some((session, id)) = visitor.session() {
        cp_app::sessions::sign_out(&auth, session.member_id, id)
            .await
            .map_err(|error| problems::store(&error))?;
    }
    let cookie = expired_session_cookie(auth.settings.insecure_cookies);
    Ok(HttpResponse::NoContent().cookie(cookie).finish())
}

/// Who is signed in.
#[utoipa::path(
    tag = "Sign-in",
    operation_id = "getSession",
    responses(
        (status = 200, description = "The present session.", body = SessionAnswer),
        (status = 401, description = "Nobody is signed in.", body = Problem),
    ),
)]
#[get("/auth/v1/session")]
pub(super) async fn current(
    auth: Data<Auth>,
    Tenant(tenant): Tenant,
    SignedIn(session): SignedIn,
) -> Result<Json<SessionAnswer>, ApiError> {
    let member = cp_app::members::find_member(&auth, tenant.tenant_id, session.member_id)
        .await
        .map_err(|error| problems::store(&error))?
        .ok_or(ProblemCode::Unauthenticated)?;
    Ok(Json(SessionAnswer {
        member: MemberBrief::from(&member),
        tenant: TenantView::from(&tenant),
        expires_at: session.expires_at,
    }))
}
