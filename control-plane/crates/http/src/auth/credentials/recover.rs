//! Replacing a password that was forgotten.

use actix_web::{HttpResponse, post, web::Data};
use cp_app::{Auth, credentials as app};
use cp_domain::Email;
use secrecy::ExposeSecret as _;
use web::{ApiError, Json, Problem};

use super::views::{EmailRequest, RecoverRequest};
use crate::auth::{
    context::{ClientInfo, Tenant},
    problems,
};

/// Asks for a link by which a forgotten password is replaced. Whether or not somebody has the
/// address, the answer is one.
#[utoipa::path(
    tag = "Password",
    operation_id = "requestPasswordReset",
    request_body = EmailRequest,
    responses(
        (status = 202, description = "A member with this address gets a mail."),
        (status = 422, description = "Not an e-mail address.", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when.", body = Problem),
    ),
)]
#[post("/auth/v1/recover")]
pub(super) async fn request(
    auth: Data<Auth>,
    Tenant(tenant): Tenant,
    ClientInfo(client): ClientInfo,
    body: Json<EmailRequest>,
) -> Result<HttpResponse, ApiError> {
    let email = Email::parse(&body.into_inner().email).map_err(problems::email)?;
    let request = app::ResetRequest {
        tenant: Some(tenant.tenant_id),
        email,
        client,
    };
    app::request_reset(&auth, request)
        .await
        .map_err(problems::too_many)?;
    Ok(HttpResponse::Accepted().finish())
}

/// Replaces the password by a link's token, which is good once. All sessions end, in every
/// tenant; nobody is signed in by it.
#[utoipa::path(
    tag = "Password",
    operation_id = "resetPassword",
    request_body = RecoverRequest,
    responses(
        (status = 204, description = "The password is another one. Sign in with it."),
        (status = 410, description = "The link was used, has expired or was withdrawn.", body = Problem),
        (status = 422, description = "The password is refused.", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when.", body = Problem),
    ),
)]
#[post("/auth/v1/recover/password")]
pub(super) async fn complete(
    auth: Data<Auth>,
    Tenant(tenant): Tenant,
    ClientInfo(client): ClientInfo,
    body: Json<RecoverRequest>,
) -> Result<HttpResponse, ApiError> {
    let RecoverRequest { token, password } = body.into_inner();
    let command = app::ResetPassword {
        tenant: Some(tenant.tenant_id),
        token: token.expose_secret(),
        password,
        client,
    };
    app::reset_password(&auth, command)
        .await
        .map_err(problems::reset)?;
    Ok(HttpResponse::NoContent().finish())
}
