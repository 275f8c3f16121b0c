//! Users of providers that are one's own ways in.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web::Data};
use cp_app::{Auth, sso};
use cp_domain::{FlowPurpose, LocalPath};
use kernel::ConnectionId;
use web::{ApiError, Json, Path, Problem, RequestIdExt};

use super::{
    departure::{Trip, flow_cookie},
    failures,
    views::{Departure, IdentityLink, IdentityView},
};
use crate::auth::{
    context::{SignedIn, Tenant},
    problems,
    views::Listed,
};

/// One's own ways in by providers of this tenant.
#[utoipa::path(
    tag = "Single sign-on",
    operation_id = "listIdentities",
    responses(
        (status = 200, description = "The identities.", body = Listed<IdentityView>),
        (status = 401, description = "Nobody is signed in.", body = Problem),
    ),
)]
#[get("/auth/v1/identities")]
pub(super) async fn list(
    auth: Data<Auth>,
    _tenant: Tenant,
    signed_in: SignedIn,
) -> Result<Json<Listed<IdentityView>>, ApiError> {
    signed_in.session_id()?;
    let found = sso::list_identities(&auth, &signed_in.0).await;
    let found = found.map_err(|error| problems::store(&error))?;
    Ok(Json(Listed {
        data: found.into_iter().map(IdentityView::from).collect(),
    }))
}

/// Begins to make a provider's user one's own way in: open the address in the same browser.
#[utoipa::path(
    tag = "Single sign-on",
    operation_id = "linkIdentity",
    request_body = IdentityLink,
    responses(
        (status = 200, description = "Where the browser goes; `Set-Cookie` binds it.", body = Departure),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Who you are was not recently confirmed.", body = Problem),
        (status = 404, description = "There is no such connection.", body = Problem),
        (status = 502, description = "The provider cannot be asked.", body = Problem),
    ),
)]
#[post("/auth/v1/identities")]
pub(super) async fn link(
    request: HttpRequest,
    auth: Data<Auth>,
    Tenant(tenant): Tenant,
    signed_in: SignedIn,
    body: Json<IdentityLink>,
) -> Result<HttpResponse, ApiError> {
    signed_in.session_id()?;
    let trip = Trip {
        request: &request,
        auth: &auth,
        tenant: &tenant,
        connection: body.into_inner().connection_id,
        purpose: FlowPurpose::Link,
        visitor: Some(&signed_in.0),
        return_to: LocalPath::or_home(Some("/security")),
    };
    let begun = trip.begin(None, None).await;
    let (authorization_url, browser) = begun.map_err(failures::problem)?;
    Ok(HttpResponse::Ok()
        .cookie(flow_cookie(&auth, &browser))
        .insert_header(("cache-control", "no-store"))
        .json(Departure { authorization_url }))
}

/// Takes a provider's user away as one's own way in; sessions that began so end.
#[utoipa::path(
    tag = "Single sign-on",
    operation_id = "unlinkIdentity",
    params(("connection" = uuid::Uuid, Path, description = "The connection.")),
    responses(
        (status = 204, description = "Taken away."),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Who you are was not recently confirmed.", body = Problem),
        (status = 404, description = "There is none such.", body = Problem),
    ),
)]
#[delete("/auth/v1/identities/{connection}")]
pub(super) async fn unlink(
    auth: Data<Auth>,
    _tenant: Tenant,
    signed_in: SignedIn,
    RequestIdExt(request_id): RequestIdExt,
    Path(connection): Path<ConnectionId>,
) -> Result<HttpResponse, ApiError> {
    signed_in.session_id()?;
    sso::unlink(&auth, &signed_in.0, connection, &request_id)
        .await
        .map_err(failures::admin)?;
    Ok(HttpResponse::NoContent().finish())
}
