//! Confirming who one is, before something dangerous.

use actix_web::{HttpResponse, get, post, web::Data};
use cp_app::{
    Auth,
    factors::{FactorProof, passkeys::begin_step_up},
    step_up::{self as app, Confirmation},
};
use secrecy::ExposeSecret as _;
use web::{ApiError, Json, Problem};

use super::{
    BrowserCookie,
    passkeys::{ceremony, given},
    views::{CeremonyView, ConfirmMethods, ConfirmRequest},
};
use crate::auth::{
    context::{ClientInfo, SignedIn},
    cookies::signed_in_cookies,
    problems,
};

/// How one can confirm who one is.
#[utoipa::path(
    tag = "Confirmation",
    operation_id = "listConfirmationMethods",
    responses(
        (status = 200, description = "The ways.", body = ConfirmMethods),
        (status = 401, description = "Nobody is signed in.", body = Problem),
    ),
)]
#[get("/auth/v1/confirm-identity")]
pub(super) async fn methods(
    auth: Data<Auth>,
    signed_in: SignedIn,
) -> Result<Json<ConfirmMethods>, ApiError> {
    signed_in.session_id()?;
    let methods = app::methods(&auth, &signed_in.0)
        .await
        .map_err(|error| problems::store(&error))?;
    Ok(Json(ConfirmMethods {
        password: methods.password,
        factors: methods.factors,
        connection: methods.provider,
    }))
}

/// Begins to confirm who one is with a passkey.
#[utoipa::path(
    tag = "Confirmation",
    operation_id = "beginPasskeyConfirmation",
    responses(
        (status = 200, description = "What the browser takes.", body = CeremonyView),
        (status = 401, description = "Nobody is signed in, or there is no passkey.", body = Problem),
    ),
)]
#[post("/auth/v1/confirm-identity/passkey/start")]
pub(super) async fn begin_passkey(
    auth: Data<Auth>,
    signed_in: SignedIn,
    browser: BrowserCookie,
) -> Result<HttpResponse, ApiError> {
    signed_in.session_id()?;
    let begun = begin_step_up(&auth, signed_in.0.person_id, &browser.hash)
        .await
        .map_err(problems::passkey)?;
    Ok(ceremony(&browser, begun))
}

/// Confirms who one is, for ten minutes. The session goes on with another cookie.
#[utoipa::path(
    tag = "Confirmation",
    operation_id = "confirmIdentity",
    request_body = ConfirmRequest,
    responses(
        (status = 204, description = "It is confirmed; `Set-Cookie` has the session."),
        (status = 401, description = "Nobody is signed in, or the proof is wrong.", body = Problem),
        (status = 422, description = "Exactly one proof is given, and of the right kind.", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when.", body = Problem),
    ),
)]
#[post("/auth/v1/confirm-identity")]
pub(super) async fn confirm(
    auth: Data<Auth>,
    signed_in: SignedIn,
    browser: BrowserCookie,
    ClientInfo(client): ClientInfo,
    body: Json<ConfirmRequest>,
) -> Result<HttpResponse, ApiError> {
    signed_in.session_id()?;
    let ConfirmRequest {
        password,
        code,
        recovery_code,
        passkey,
    } = body.into_inner();
    let passkey = passkey.map(|passkey| given(&browser, passkey));
    let confirmation = match (&password, &code, &recovery_code, &passkey) {
        (Some(password), None, None, None) => Confirmation::Password(password),
        (None, Some(code), None, None) => {
            Confirmation::Factor(FactorProof::Totp(code.expose_secret()))
        }
        (None, None, Some(code), None) => {
            Confirmation::Factor(FactorProof::Recovery(code.expose_secret()))
        }
        (None, None, None, Some(passkey)) => Confirmation::Factor(FactorProof::Passkey(passkey)),
        _ => {
            return Err(ApiError::invalid(
                "",
                "one_proof",
                "Give exactly one of password, code, recovery_code and passkey.",
            ));
        }
    };
    let confirmed = app::confirm(&auth, &signed_in.0, confirmation, &client)
        .await
        .map_err(problems::confirmation)?;
    let mut response = HttpResponse::NoContent();
    for cookie in signed_in_cookies(&auth, &confirmed) {
        response.cookie(cookie);
    }
    Ok(response.finish())
}
