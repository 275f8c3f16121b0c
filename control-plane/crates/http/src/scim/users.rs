//! Users.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Path};
use cp_app::scim;
use cp_scim::{ListQuery, USER};
use kernel::MemberId;

use super::{
    answer::{document, found, resource},
    body::{Asked, Body, if_match},
    caller::Caller,
    refusal::Refusal,
};

fn id(text: &str) -> Result<MemberId, Refusal> {
    text.parse().map_err(|_| Refusal::not_found())
}

pub(super) async fn list(caller: Caller, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let query = Asked::of(&request)?.list(&USER)?;
    let page = scim::list_users(&caller.auth, &caller.directory, &query).await?;
    Ok(document(&page))
}

pub(super) async fn search(caller: Caller, Body(body): Body) -> Result<HttpResponse, Refusal> {
    let query = ListQuery::from_body(&USER, &body)?;
    let page = scim::list_users(&caller.auth, &caller.directory, &query).await?;
    Ok(document(&page))
}

pub(super) async fn find(
    caller: Caller,
    path: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let projection = Asked::of(&request)?.projection(&USER);
    let user = scim::find_user(&caller.auth, &caller.directory, id(&path)?).await?;
    Ok(found(&request, user, &projection))
}

pub(super) async fn create(
    caller: Caller,
    request: HttpRequest,
    Body(body): Body,
) -> Result<HttpResponse, Refusal> {
    let projection = Asked::of(&request)?.projection(&USER);
    let user = scim::create_user(&caller.auth, &caller.directory, &body).await?;
    Ok(resource(StatusCode::CREATED, user, &projection))
}

pub(super) async fn replace(
    caller: Caller,
    path: Path<String>,
    request: HttpRequest,
    Body(body): Body,
) -> Result<HttpResponse, Refusal> {
    let projection = Asked::of(&request)?.projection(&USER);
    let (id, tag) = (id(&path)?, if_match(&request));
    let user = scim::replace_user(&caller.auth, &caller.directory, id, tag, &body).await?;
    Ok(resource(StatusCode::OK, user, &projection))
}

pub(super) async fn patch(
    caller: Caller,
    path: Path<String>,
    request: HttpRequest,
    Body(body): Body,
) -> Result<HttpResponse, Refusal> {
    let projection = Asked::of(&request)?.projection(&USER);
    let (id, tag) = (id(&path)?, if_match(&request));
    let user = scim::patch_user(&caller.auth, &caller.directory, id, tag, &body).await?;
    Ok(resource(StatusCode::OK, user, &projection))
}

pub(super) async fn delete(
    caller: Caller,
    path: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let (id, tag) = (id(&path)?, if_match(&request));
    scim::delete_user(&caller.auth, &caller.directory, id, tag).await?;
    Ok(HttpResponse::NoContent().finish())
}
