//! Mail domains, as architects claim and prove them.

use actix_web::{HttpRequest, HttpResponse, Responder as _, delete, get, post, web::Data};
use cp_app::{Auth, sso};
use kernel::{DomainId, Scope};
use web::{ApiError, Created, Json, Path, Problem};

use super::{
    failures,
    views::{DomainClaim, DomainView},
};
use crate::auth::{context::Acting, views::Listed};

/// The mail domains that the tenant claims.
#[utoipa::path(
    tag = "Single sign-on",
    operation_id = "listDomains",
    responses(
        (status = 200, description = "The domains.", body = Listed<DomainView>),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects.", body = Problem),
    ),
)]
#[get("/auth/v1/security/domains")]
pub(super) async fn list(
    auth: Data<Auth>,
    acting: Acting,
) -> Result<Json<Listed<DomainView>>, ApiError> {
    let by = acting.scoped(Scope::Admin)?;
    let found = sso::list_domains(&auth, &by).await;
    let found = found.map_err(failures::admin)?;
    Ok(Json(Listed {
        data: found.iter().map(DomainView::from).collect(),
    }))
}

/// Claims a mail domain. It is the tenant's once its record is found.
#[utoipa::path(
    tag = "Single sign-on",
    operation_id = "claimDomain",
    request_body = DomainClaim,
    responses(
        (status = 201, description = "Claimed; publish the record, then check.", body = DomainView),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects, recently confirmed.", body = Problem),
        (status = 409, description = "Claimed already.", body = Problem),
        (status = 422, description = "No domain, or one of everybody's.", body = Problem),
    ),
)]
#[post("/auth/v1/security/domains")]
pub(super) async fn claim(
    request: HttpRequest,
    auth: Data<Auth>,
    acting: Acting,
    body: Json<DomainClaim>,
) -> Result<HttpResponse, ApiError> {
    let by = acting.scoped(Scope::Admin)?;
    let claimed = sso::claim_domain(&auth, &by, &body.into_inner().domain).await;
    let claimed = claimed.map_err(failures::admin)?;
    let answer = Created {
        location: format!("/auth/v1/security/domains/{}", claimed.id),
        etag: None,
        body: DomainView::from(&claimed),
    };
    Ok(answer.respond_to(&request))
}

/// Looks for the record of a domain.
#[utoipa::path(
    tag = "Single sign-on",
    operation_id = "checkDomain",
    params(("id" = uuid::Uuid, Path, description = "The claim.")),
    responses(
        (status = 200, description = "Proven: the domain is the tenant's.", body = DomainView),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects, recently confirmed.", body = Problem),
        (status = 404, description = "There is no such claim.", body = Problem),
        (status = 409, description = "Another tenant has proven it.", body = Problem),
        (status = 422, description = "The record is not there.", body = Problem),
        (status = 503, description = "Name servers cannot be asked.", body = Problem),
    ),
)]
#[post("/auth/v1/security/domains/{id}/check")]
pub(super) async fn check(
    auth: Data<Auth>,
    acting: Acting,
    Path(id): Path<DomainId>,
) -> Result<Json<DomainView>, ApiError> {
    let by = acting.scoped(Scope::Admin)?;
    let checked = sso::check_domain(&auth, &by, id).await;
    let checked = checked.map_err(failures::admin)?;
    Ok(Json(DomainView::from(&checked)))
}

/// Gives a domain up.
#[utoipa::path(
    tag = "Single sign-on",
    operation_id = "removeDomain",
    params(("id" = uuid::Uuid, Path, description = "The claim.")),
    responses(
        (status = 204, description = "Given up."),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects, recently confirmed.", body = Problem),
        (status = 404, description = "There is no such claim.", body = Problem),
    ),
)]
#[delete("/auth/v1/security/domains/{id}")]
pub(super) async fn remove(
    auth: Data<Auth>,
    acting: Acting,
    Path(id): Path<DomainId>,
) -> Result<HttpResponse, ApiError> {
    let by = acting.scoped(Scope::Admin)?;
    sso::remove_domain(&auth, &by, id)
        .await
        .map_err(failures::admin)?;
    Ok(HttpResponse::NoContent().finish())
}
