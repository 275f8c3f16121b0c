//! What an app does with a request that no route takes.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, http::header::ALLOW, web as actix};
use utoipa::openapi::OpenApi;

use crate::{ApiError, ProblemCode};

/// Which methods a path takes, by route template, for the header `Allow` of a 405. Put it into
/// the app's data; made from the OpenAPI document, which knows every route.
#[derive(Debug, Clone, Default)]
pub struct AllowTable(BTreeMap<String, String>);

impl AllowTable {
    /// The table of a document.
    #[must_use]
    pub fn from_openapi(document: &OpenApi) -> Self {
        let table = document.paths.paths.iter().map(|(path, item)| {
            let methods = [
                ("GET", item.get.is_some()),
                ("POST", item.post.is_some()),
                ("PUT", item.put.is_some()),
                ("PATCH", item.patch.is_some()),
                ("DELETE", item.delete.is_some()),
            ];
            let allow: Vec<&str> = methods
                .iter()
                .filter(|(_, there)| *there)
                .map(|(name, _)| *name)
                .collect();
            (path.clone(), allow.join(", "))
        });
        Self(table.collect())
    }
}

/// What every app gets: a default service that answers 405 when the path is known with another
/// method, else 404.
pub fn configure_app(cfg: &mut actix::ServiceConfig) {
    cfg.default_service(actix::to(no_route));
}

async fn no_route(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    Err(unrouted(&request))
}

/// What is wrong with a request that no route takes: its method, when the path is known, else its
/// path. For apps with a default service of their own.
#[must_use]
pub fn unrouted(request: &HttpRequest) -> ApiError {
    let Some(template) = request.resource_map().match_pattern(request.path()) else {
        return ApiError::new(ProblemCode::UnknownRoute);
    };
    let error = ApiError::new(ProblemCode::MethodNotAllowed);
    let allow = request
        .app_data::<AllowTable>()
        .and_then(|table| table.0.get(&template));
    match allow {
        Some(methods) => error.header(ALLOW, methods),
        None => error,
    }
}
