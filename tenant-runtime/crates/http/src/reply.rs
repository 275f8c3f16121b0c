//! Answers of writes, which may be keyed: what is sent is what is stored, so that a repetition
//! gets the very same.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, ETAG, LOCATION},
    },
};
use kernel::{RequestContext, Revision};
use serde::Serialize;
use tr_app::{IdempotencyRequest, Outcome, StoredAnswer};
use web::{ApiError, IdempotencyKey};

use crate::{caller::Caller, failure::Failure};

/// What handlers that answer in their own way return.
pub(crate) type Reply = Result<HttpResponse, Failure>;

/// Tells a client that the answer is that of an earlier request.
const REPLAYED: &str = "Idempotent-Replayed";

/// The request's `Idempotency-Key`, with what its scope is made of.
#[derive(Debug)]
pub(crate) struct Key(Option<KeyOf>);

#[derive(Debug)]
struct KeyOf {
    key: String,
    method: String,
    path: String,
}

impl FromRequest for Key {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let header = IdempotencyKey::from_request(request, payload).into_inner();
        ready(header.map(|IdempotencyKey(key)| {
            Self(key.map(|key| KeyOf {
                key,
                method: request.method().as_str().to_owned(),
                path: request.path().to_owned(),
            }))
        }))
    }
}

impl Key {
    /// The keyed request of this caller with this body; none without a key.
    pub(crate) fn request(&self, ctx: &RequestContext, body: &[u8]) -> Option<IdempotencyRequest> {
        let KeyOf { key, method, path } = self.0.as_ref()?;
        Some(IdempotencyRequest::new(
            ctx.actor.member,
            method,
            path,
            key,
            body,
        ))
    }
}

/// 201 with the new thing, where it is, and its revision.
pub(crate) fn created(
    collection: &str,
    id: impl std::fmt::Display,
    revision: Revision,
    body: &impl Serialize,
) -> StoredAnswer {
    StoredAnswer {
        status: 201,
        etag: Some(format!("\"{revision}\"")),
        location: Some(format!("/api/v1/{collection}/{id}")),
        body: encode(body),
    }
}

/// 200 with the thing as it is now.
pub(crate) fn changed(revision: Revision, body: &impl Serialize) -> StoredAnswer {
    let etag = Some(format!("\"{revision}\""));
    StoredAnswer {
        status: 200,
        etag,
        location: None,
        body: encode(body),
    }
}

/// 200 with something that has no revision.
pub(crate) fn ok(body: &impl Serialize) -> StoredAnswer {
    StoredAnswer {
        status: 200,
        etag: None,
        location: None,
        body: encode(body),
    }
}

/// 202 with what will be done.
pub(crate) fn accepted(body: &impl Serialize) -> StoredAnswer {
    StoredAnswer {
        status: 202,
        etag: None,
        location: None,
        body: encode(body),
    }
}

/// Our views are plain structs, which cannot fail to serialise.
fn encode(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_default()
}

impl<S> Caller<S> {
    /// The answer to a write.
    pub(crate) fn reply<V>(
        &self,
        outcome: Outcome<V>,
        answer: impl FnOnce(&V) -> StoredAnswer,
    ) -> HttpResponse {
        match outcome {
            Outcome::Done(value) => {
                self.committed();
                respond(answer(&value)).finish()
            }
            Outcome::Replayed(stored) => {
                let mut response = respond(stored);
                response.0.insert_header((REPLAYED, "true"));
                response.finish()
            }
        }
    }

    /// 200 with what was changed, for requests that carry no key.
    pub(crate) fn changed(&self, revision: Revision, body: &impl Serialize) -> HttpResponse {
        self.committed();
        respond(changed(revision, body)).finish()
    }

    /// 204.
    pub(crate) fn gone(&self) -> HttpResponse {
        self.committed();
        HttpResponse::NoContent().finish()
    }
}

struct Response(actix_web::HttpResponseBuilder, Vec<u8>);

impl Response {
    fn finish(mut self) -> HttpResponse {
        self.0
            .insert_header((CONTENT_TYPE, "application/json"))
            .body(self.1)
    }
}

fn respond(answer: StoredAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    if let Some(etag) = answer.etag {
        response.insert_header((ETAG, etag));
    }
    if let Some(location) = answer.location {
        response.insert_header((LOCATION, location));
    }
    Response(response, answer.body)
}
