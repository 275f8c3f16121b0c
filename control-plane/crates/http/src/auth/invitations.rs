//! Accepting an invitation as a client does. People use the page.

use actix_web::{HttpResponse, post, web::Data};
use cp_app::{Auth, invitations as app};
use secrecy::ExposeSecret as _;
use web::{ApiError, Json, Problem, RequestIdExt};

use super::{
    context::{ClientInfo, Tenant, Visitor},
    problems,
    sign_in::answer,
    views::{InvitationAccept, SignInAnswer},
};

/// Accepts an invitation and signs in. A person who has a password gives that one.
#[utoipa::path(
    tag = "Invitations",
    operation_id = "acceptInvitation",
    request_body = InvitationAccept,
    responses(
        (status = 200, description = "Signed in; `Set-Cookie` has the session.", body = SignInAnswer),
        (status = 401, description = "The person has another password.", body = Problem),
        (status = 404, description = "There is no such invitation.", body = Problem),
        (status = 410, description = "It was used, has expired or was withdrawn.", body = Problem),
        (status = 422, description = "The password is refused.", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when.", body = Problem),
    ),
)]
#[post("/auth/v1/invitations/accept")]
pub(super) async fn accept(
    auth: Data<Auth>,
    Tenant(tenant): Tenant,
    visitor: Visitor,
    ClientInfo(client): ClientInfo,
    RequestIdExt(request_id): RequestIdExt,
    body: Json<InvitationAccept>,
) -> Result<HttpResponse, ApiError> {
    let InvitationAccept {
        token,
        password,
        name,
    } = body.into_inner();
    let command = app::AcceptInvitation {
        tenant: &tenant,
        token: token.expose_secret(),
        name: name.map(|name| name.trim().to_owned()),
        password,
        client,
        replaces: visitor.replaced(),
        request_id: request_id.to_string(),
    };
    let admission = app::accept_invitation(&auth, command)
        .await
        .map_err(problems::invitation)?;
    Ok(answer(&auth, &tenant, &admission))
}
