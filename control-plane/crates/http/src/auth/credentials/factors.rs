//! One's own second factors.

use actix_web::{HttpResponse, HttpResponseBuilder, delete, get, post, web::Data};
use cp_app::{
    Auth,
    factors::{self as app, Enrolled, own_factors, passkeys::list_passkeys},
};
use secrecy::ExposeSecret as _;
use web::{ApiError, Json, OptionalJson, Problem};

use super::{
    Holder,
    views::{
        AuthenticatorView, CodeRequest, EnrolledView, FactorRemoval, FactorsView, PasskeyView,
        RecoveryCodesView,
    },
};
use crate::auth::{
    context::{ClientInfo, SignedIn},
    cookies::signed_in_cookies,
    problems,
};

/// One's own second factors.
#[utoipa::path(
    tag = "Second factors",
    operation_id = "listFactors",
    responses(
        (status = 200, description = "What there is.", body = FactorsView),
        (status = 401, description = "Nobody is signed in.", body = Problem),
    ),
)]
#[get("/auth/v1/factors")]
pub(super) async fn list(
    auth: Data<Auth>,
    signed_in: SignedIn,
) -> Result<Json<FactorsView>, ApiError> {
    signed_in.session_id()?;
    let person = signed_in.0.person_id;
    let factors = own_factors(&auth, person).await;
    let factors = factors.map_err(|error| problems::store(&error))?;
    let passkeys = list_passkeys(&auth, person).await;
    let passkeys = passkeys.map_err(|error| problems::store(&error))?;
    Ok(Json(FactorsView {
        totp: factors.totp,
        recovery_codes: factors.recovery_codes,
        passkeys: passkeys.into_iter().map(PasskeyView::from).collect(),
    }))
}

/// Begins to set up an authenticator app. Needs a recent confirmation of who one is.
#[utoipa::path(
    tag = "Second factors",
    operation_id = "beginAuthenticator",
    responses(
        (status = 200, description = "The secret, good after its first code.", body = AuthenticatorView),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Confirm who you are first.", body = Problem),
    ),
)]
#[post("/auth/v1/factors/totp")]
pub(super) async fn begin_totp(auth: Data<Auth>, holder: Holder) -> Result<HttpResponse, ApiError> {
    let new = app::begin_totp(&auth, holder.get())
        .await
        .map_err(problems::factor_change)?;
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .json(AuthenticatorView::from(new)))
}

/// Confirms the authenticator app with its first code. The session goes on with another cookie.
#[utoipa::path(
    tag = "Second factors",
    operation_id = "confirmAuthenticator",
    request_body = CodeRequest,
    responses(
        (status = 200, description = "It is set up.", body = EnrolledView),
        (status = 401, description = "Nobody is signed in, or the code is wrong.", body = Problem),
        (status = 403, description = "Confirm who you are first.", body = Problem),
        (status = 404, description = "No authenticator waits to be confirmed.", body = Problem),
    ),
)]
#[post("/auth/v1/factors/totp/confirm")]
pub(super) async fn confirm_totp(
    auth: Data<Auth>,
    holder: Holder,
    ClientInfo(client): ClientInfo,
    body: Json<CodeRequest>,
) -> Result<HttpResponse, ApiError> {
    let code = body.into_inner().code;
    let done = app::confirm_totp(&auth, holder.get(), code.expose_secret(), &client)
        .await
        .map_err(problems::factor_change)?;
    Ok(enrolled(&auth, HttpResponse::Ok(), &done))
}

/// Removes the authenticator app. Needs a recent confirmation of who one is, and for the last
/// second factor the password.
#[utoipa::path(
    tag = "Second factors",
    operation_id = "removeAuthenticator",
    request_body = FactorRemoval,
    responses(
        (status = 204, description = "It was removed."),
        (status = 401, description = "Nobody is signed in, or the password is wrong.", body = Problem),
        (status = 403, description = "Confirm who you are first.", body = Problem),
        (status = 404, description = "There is none.", body = Problem),
        (status = 422, description = "A tenant requires it, or the password cannot stand alone.", body = Problem),
    ),
)]
#[delete("/auth/v1/factors/totp")]
pub(super) async fn remove_totp(
    auth: Data<Auth>,
    holder: Holder,
    ClientInfo(client): ClientInfo,
    body: OptionalJson<FactorRemoval>,
) -> Result<HttpResponse, ApiError> {
    let password = body.0.unwrap_or_default().password;
    app::remove_totp(&auth, holder.get(), password.as_ref(), &client)
        .await
        .map_err(problems::factor_change)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Makes new recovery codes; the old ones are good no more. Needs a recent confirmation of who
/// one is.
#[utoipa::path(
    tag = "Second factors",
    operation_id = "renewRecoveryCodes",
    responses(
        (status = 200, description = "The codes, shown once.", body = RecoveryCodesView),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Confirm who you are first.", body = Problem),
        (status = 404, description = "There is no second factor.", body = Problem),
    ),
)]
#[post("/auth/v1/factors/recovery-codes")]
pub(super) async fn renew_recovery_codes(
    auth: Data<Auth>,
    holder: Holder,
    ClientInfo(client): ClientInfo,
) -> Result<HttpResponse, ApiError> {
    let codes = app::renew_recovery_codes(&auth, holder.get(), &client)
        .await
        .map_err(problems::factor_change)?;
    let codes = codes.iter().map(|code| code.expose_secret().to_owned());
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .json(RecoveryCodesView {
            recovery_codes: codes.collect(),
        }))
}

/// The answer to a second factor that was set up, with the cookies.
pub(super) fn enrolled(
    auth: &Auth,
    mut response: HttpResponseBuilder,
    done: &Enrolled,
) -> HttpResponse {
    response.insert_header(("cache-control", "no-store"));
    for cookie in signed_in_cookies(auth, &done.signed_in) {
        response.cookie(cookie);
    }
    response.json(EnrolledView::from(done))
}
