//! Browsers that go to a page, as opposed to scripts and programs that fetch.

use actix_web::{
    HttpRequest,
    http::{
        Method,
        header::{ACCEPT, AUTHORIZATION, HeaderName, UPGRADE},
    },
};

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Whether a browser goes to a page, as opposed to a script or a program that fetches.
#[must_use]
pub fn navigates(request: &HttpRequest) -> bool {
    let headers = request.headers();
    if !matches!(*request.method(), Method::GET | Method::HEAD)
        || headers.contains_key(AUTHORIZATION)
        || headers.contains_key(UPGRADE)
    {
        return false;
    }
    match headers.get(SEC_FETCH_MODE) {
        Some(mode) => mode.as_bytes() == b"navigate",
        None => headers
            .get(ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html")),
    }
}
