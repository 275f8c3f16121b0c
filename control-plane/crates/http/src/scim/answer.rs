//! Answers: resources with their entity tags, and documents.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, ETAG, LOCATION},
    },
};
use cp_app::scim::Resource;
use cp_scim::{MEDIA_TYPE, Projection};
use serde_json::Value;

use super::body::if_none_match;

/// A document.
pub(super) fn document(body: &Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type(MEDIA_TYPE)
        .body(body.to_string())
}

/// A resource as it is now.
pub(super) fn resource(
    status: StatusCode,
    resource: Resource,
    projection: &Projection,
) -> HttpResponse {
    let mut answer = HttpResponse::build(status);
    answer
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((ETAG, resource.version));
    if status == StatusCode::CREATED {
        answer.insert_header((LOCATION, resource.location));
    }
    let body = projection.of(resource.body);
    answer.content_type(MEDIA_TYPE).body(body.to_string())
}

/// A resource that was asked for; 304 when the directory has it.
pub(super) fn found(
    request: &HttpRequest,
    found: Resource,
    projection: &Projection,
) -> HttpResponse {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let has = if_none_match(request).is_some_and(|tags| {
        tags.trim() == "*" || tags.split(',').any(|tag| bare(tag) == bare(&found.version))
    });
    if has {
        return HttpResponse::NotModified()
            .insert_header((ETAG, found.version))
            .finish();
    }
    resource(StatusCode::OK, found, projection)
}
