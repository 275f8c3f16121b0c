//! Moving to another e-mail address.

use actix_web::{HttpResponse, post, web::Data};
use cp_app::{Auth, credentials as app};
use cp_domain::Email;
use secrecy::ExposeSecret as _;
use web::{ApiError, Json, Problem};

use super::views::{EmailRequest, LinkRequest};
use crate::auth::{
    context::{ClientInfo, SignedIn, Tenant},
    problems,
};

/// Asks for another e-mail address; it changes when the link that it gets is followed. Needs a
/// recent confirmation of who one is. Whether or not somebody has the address, the answer is one.
#[utoipa::path(
    tag = "E-mail address",
    operation_id = "requestEmailChange",
    request_body = EmailRequest,
    responses(
        (status = 202, description = "The address gets a mail, when nobody has it."),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Confirm who you are first.", body = Problem),
        (status = 422, description = "Not an e-mail address, or the present one.", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when.", body = Problem),
    ),
)]
#[post("/auth/v1/email")]
pub(super) async fn request(
    auth: Data<Auth>,
    signed_in: SignedIn,
    ClientInfo(client): ClientInfo,
    body: Json<EmailRequest>,
) -> Result<HttpResponse, ApiError> {
    signed_in.session_id()?;
    let email = Email::parse(&body.into_inner().email).map_err(problems::email)?;
    app::request_email_change(&auth, &signed_in.0, email, &client)
        .await
        .map_err(problems::email_change)?;
    Ok(HttpResponse::Accepted().finish())
}

/// Makes the change by the link's token, which is good once.
#[utoipa::path(
    tag = "E-mail address",
    operation_id = "confirmEmailChange",
    request_body = LinkRequest,
    responses(
        (status = 204, description = "The address is the new one."),
        (status = 410, description = "The link was used, has expired or was withdrawn.", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when.", body = Problem),
    ),
)]
#[post("/auth/v1/email/confirm")]
pub(super) async fn confirm(
    auth: Data<Auth>,
    _tenant: Tenant,
    ClientInfo(client): ClientInfo,
    body: Json<LinkRequest>,
) -> Result<HttpResponse, ApiError> {
    let token = body.into_inner().token;
    app::confirm_email_change(&auth, token.expose_secret(), &client)
        .await
        .map_err(problems::email_change)?;
    Ok(HttpResponse::NoContent().finish())
}
