//! JSON bodies: strict in type, size, shape and fields.

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    dev::Payload,
    http::header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, future::LocalBoxFuture};
use garde::Validate;
use serde::{Serialize, de::DeserializeOwned};

use super::pointer;
use crate::{
    ApiError, ProblemCode,
    answer::{JSON, encode},
};

/// The largest body taken, unless the app data of the route has another [`JsonLimit`].
const DEFAULT_LIMIT: usize = 1024 * 1024;
/// How much of a body that is too large is read and thrown away, so that a client which writes
/// first and reads later sees the 413 and not a reset connection.
const DRAIN_LIMIT: usize = 32 * 1024 * 1024;

/// The largest JSON body of a route in bytes; goes into `app_data`.
#[derive(Debug, Clone, Copy)]
pub struct JsonLimit(pub usize);

/// A JSON body: in, checked by serde and garde; out, 200.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<T> Json<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// A JSON body that may be left out, of verbs such as `POST …/complete`.
#[derive(Debug, Clone, Copy)]
pub struct OptionalJson<T>(pub Option<T>);

impl<T> FromRequest for Json<T>
where
    T: DeserializeOwned + Validate<Context = ()> + 'static,
{
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            require_json(&request)?;
            let body = read(&request, payload).await?;
            parse(&body).map(Json)
        })
    }
}

impl<T> FromRequest for OptionalJson<T>
where
    T: DeserializeOwned + Validate<Context = ()> + 'static,
{
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let body = read(&request, payload).await?;
            if body.is_empty() {
                return Ok(Self(None));
            }
            require_json(&request)?;
            parse(&body).map(|value| Self(Some(value)))
        })
    }
}

impl<T: Serialize> Responder for Json<T> {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, JSON))
            .body(encode(&self.0))
    }
}

pub(super) fn require_json(request: &HttpRequest) -> Result<(), ApiError> {
    let value = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = value
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    let essence = essence.to_ascii_lowercase();
    let subtype = essence.strip_prefix("application/").unwrap_or_default();
    if subtype == "json" || subtype.ends_with("+json") {
        return Ok(());
    }
    Err(ApiError::new(ProblemCode::UnsupportedMediaType))
}

pub(super) async fn read(request: &HttpRequest, mut payload: Payload) -> Result<Bytes, ApiError> {
    let limit = request
        .app_data::<JsonLimit>()
        .map_or(DEFAULT_LIMIT, |limit| limit.0);
    let declared: Option<usize> = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(too_large(payload, limit, declared.unwrap_or_default()).await);
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| {
            ApiError::new(ProblemCode::BadRequest)
                .detail("the body ended early")
                .because(&error)
        })?;
        if first.len() + rest.len() + chunk.len() > limit {
            return Err(too_large(payload, limit, 0).await);
        }
        if first.is_empty() {
            first = chunk;
        } else {
            rest.extend_from_slice(&chunk);
        }
    }
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}

async fn too_large(mut payload: Payload, limit: usize, declared: usize) -> ApiError {
    let mut drained = 0;
    while declared <= DRAIN_LIMIT && drained <= DRAIN_LIMIT {
        match payload.next().await {
            Some(Ok(chunk)) => drained += chunk.len(),
            _ => break,
        }
    }
    ApiError::new(ProblemCode::PayloadTooLarge)
        .detail(format!("the route takes at most {limit} bytes"))
}

pub(super) fn parse<T: DeserializeOwned + Validate<Context = ()>>(
    body: &[u8],
) -> Result<T, ApiError> {
    require_object(body)?;
    let mut json = serde_json::Deserializer::from_slice(body);
    let mut unknown = Vec::new();
    let mut track = serde_path_to_error::Track::new();
    let value = {
        let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
        serde_ignored::deserialize(tracked, |path| unknown.push(pointer::of_ignored(&path)))
    };
    let value: T = value.map_err(|error| unreadable(body, &error, &track.path()))?;
    json.end().map_err(|error| malformed(&error))?;
    if !unknown.is_empty() {
        return Err(unknown.into_iter().fold(
            ApiError::new(ProblemCode::ValidationFailed),
            |problem, field| problem.field(field, "unknown_field", "there is no such field"),
        ));
    }
    value
        .validate()
        .map_err(|report| pointer::of_report(&report))?;
    Ok(value)
}

/// serde would take an array of a struct's fields in their order for the struct.
fn require_object(body: &[u8]) -> Result<(), ApiError> {
    if body.trim_ascii_start().first() == Some(&b'{') {
        return Ok(());
    }
    Err(
        match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
            Ok(_) => ApiError::invalid("", "invalid_type", "the body must be an object"),
            Err(error) => malformed(&error),
        },
    )
}

fn unreadable(
    body: &[u8],
    error: &serde_json::Error,
    path: &serde_path_to_error::Path,
) -> ApiError {
    if error.is_data() {
        return pointer::of_data_error(ProblemCode::ValidationFailed, path, &error.to_string());
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
        // Of a number where a word of a list belongs, serde says that it is bad syntax.
        Ok(_) => {
            let message = "invalid type: a text is expected here";
            pointer::of_data_error(ProblemCode::ValidationFailed, path, message)
        }
        Err(error) => malformed(&error),
    }
}

fn malformed(error: &serde_json::Error) -> ApiError {
    ApiError::new(ProblemCode::MalformedJson).detail(error.to_string())
}
