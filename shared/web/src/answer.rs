//! Answers that carry a revision or a location.

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::header::{CONTENT_TYPE, ETAG, HeaderValue, LOCATION},
};
use bytes::Bytes;
use kernel::Revision;
use serde::Serialize;

/// The `ETag` of a revision: `"3"`.
#[must_use]
pub fn etag(revision: Revision) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from(format!("\"{revision}\"")))
        .unwrap_or_else(|_| HeaderValue::from_static("\"0\""))
}

/// 200 with the thing and its `ETag`.
#[derive(Debug)]
pub struct Revised<T> {
    /// The thing's revision.
    pub revision: Revision,
    /// The thing.
    pub body: T,
}

impl<T: Serialize> Responder for Revised<T> {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header((ETAG, etag(self.revision)))
            .insert_header((CONTENT_TYPE, JSON))
            .body(encode(&self.body))
    }
}

/// 201 with the new thing, where it is, and its `ETag` when it has one.
#[derive(Debug)]
pub struct Created<T> {
    /// The path of the new thing.
    pub location: String,
    /// Its revision.
    pub etag: Option<Revision>,
    /// The thing.
    pub body: T,
}

impl<T: Serialize> Responder for Created<T> {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Created();
        response.insert_header((LOCATION, self.location));
        if let Some(revision) = self.etag {
            response.insert_header((ETAG, etag(revision)));
        }
        response
            .insert_header((CONTENT_TYPE, JSON))
            .body(encode(&self.body))
    }
}

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Our views are plain structs, which cannot fail to serialise.
pub(crate) fn encode(body: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1024);
    if let Err(error) = serde_json::to_writer(&mut bytes, body) {
        tracing::error!(%error, "an answer could not be serialised");
        bytes.clear();
    }
    bytes
}
