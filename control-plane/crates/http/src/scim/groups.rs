//! Groups.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Path};
use cp_app::scim;
use cp_scim::{GROUP, ListQuery};
use kernel::ScimGroupId;

use super::{
    answer::{document, found, resource},
    body::{Asked, Body, if_match},
    caller::Caller,
    refusal::Refusal,
};

fn id(text: &str) -> Result<ScimGroupId, Refusal> {
    text.parse().map_err(|_| Refusal::not_found())
}

pub(super) async fn list(caller: Caller, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let query = Asked::of(&request)?.list(&GROUP)?;
    let page = scim::list_groups(&caller.auth, &caller.directory, &query).await?;
    Ok(document(&page))
}

pub(super) async fn search(caller: Caller, Body(body): Body) -> Result<HttpResponse, Refusal> {
    let query = ListQuery::from_body(&GROUP, &body)?;
    let page = scim::list_groups(&caller.auth, &caller.directory, &query).await?;
    Ok(document(&page))
}

pub(super) async fn find(
    caller: Caller,
    path: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let projection = Asked::of(&request)?.projection(&GROUP);
    let with_members = projection.shows("members");
    let group = scim::find_group(&caller.auth, &caller.directory, id(&path)?, with_members).await?;
    Ok(found(&request, group, &projection))
}

pub(super) async fn create(
    caller: Caller,
    request: HttpRequest,
    Body(body): Body,
) -> Result<HttpResponse, Refusal> {
    let projection = Asked::of(&request)?.projection(&GROUP);
    let group = scim::create_group(&caller.auth, &caller.directory, &body).await?;
    Ok(resource(StatusCode::CREATED, group, &projection))
}

pub(super) async fn replace(
    caller: Caller,
    path: Path<String>,
    request: HttpRequest,
    Body(body): Body,
) -> Result<HttpResponse, Refusal> {
    let projection = Asked::of(&request)?.projection(&GROUP);
    let (id, tag) = (id(&path)?, if_match(&request));
    let group = scim::replace_group(&caller.auth, &caller.directory, id, tag, &body).await?;
    Ok(resource(StatusCode::OK, group, &projection))
}

pub(super) async fn patch(
    caller: Caller,
    path: Path<String>,
    request: HttpRequest,
    Body(body): Body,
) -> Result<HttpResponse, Refusal> {
    let projection = Asked::of(&request)?.projection(&GROUP);
    let (id, tag) = (id(&path)?, if_match(&request));
    let group = scim::patch_group(&caller.auth, &caller.directory, id, tag, &body).await?;
    Ok(resource(StatusCode::OK, group, &projection))
}

pub(super) async fn delete(
    caller: Caller,
    path: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let (id, tag) = (id(&path)?, if_match(&request));
    scim::delete_group(&caller.auth, &caller.directory, id, tag).await?;
    Ok(HttpResponse::NoContent().finish())
}
