//! Changing one's password.

use actix_web::{HttpResponse, put, web::Data};
use cp_app::{Auth, credentials as app};
use web::{ApiError, Json, Problem};

use super::views::PasswordChangeRequest;
use crate::auth::{
    context::{ClientInfo, SignedIn},
    cookies::signed_in_cookies,
    problems,
};

/// Changes one's password. Every other session ends, in every tenant; this one goes on with
/// another cookie.
#[utoipa::path(
    tag = "Password",
    operation_id = "changePassword",
    request_body = PasswordChangeRequest,
    responses(
        (status = 204, description = "It was changed; `Set-Cookie` has the session."),
        (status = 401, description = "Nobody is signed in, or the present password is wrong.", body = Problem),
        (status = 422, description = "The new password is refused.", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when.", body = Problem),
    ),
)]
#[put("/auth/v1/password")]
pub(super) async fn change(
    auth: Data<Auth>,
    signed_in: SignedIn,
    ClientInfo(client): ClientInfo,
    body: Json<PasswordChangeRequest>,
) -> Result<HttpResponse, ApiError> {
    signed_in.session_id()?;
    let PasswordChangeRequest { current, password } = body.into_inner();
    let command = app::ChangePassword {
        session: &signed_in.0,
        current,
        new: password,
        client,
    };
    let signed_in = app::change_password(&auth, command)
        .await
        .map_err(problems::password_change)?;
    let mut response = HttpResponse::NoContent();
    for cookie in signed_in_cookies(&auth, &signed_in) {
        response.cookie(cookie);
    }
    Ok(response.finish())
}
