//! The request target: path parameters and the query.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web as actix};
use serde::de::DeserializeOwned;

use super::pointer;
use crate::{ApiError, ProblemCode};

/// Path parameters. One that is not of its type names nothing: 404.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<T> Path<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Path<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let path = actix::Path::<T>::from_request(request, payload).into_inner();
        ready(match path {
            Ok(path) => Ok(Self(path.into_inner())),
            Err(_) => Err(ApiError::new(ProblemCode::NotFound)),
        })
    }
}

/// The query. An unknown or repeated parameter or a wrong value is a 400 that names it.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<T> Query<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Query))
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    let mut unknown = Vec::new();
    let mut track = serde_path_to_error::Track::new();
    let value = {
        let tracked = serde_path_to_error::Deserializer::new(pairs, &mut track);
        serde_ignored::deserialize(tracked, |path| unknown.push(pointer::of_ignored(&path)))
    };
    let value = value.map_err(|error: serde_urlencoded::de::Error| {
        pointer::of_data_error(ProblemCode::InvalidQuery, &track.path(), &error.to_string())
    })?;
    if unknown.is_empty() {
        return Ok(value);
    }
    Err(unknown
        .into_iter()
        .fold(ApiError::new(ProblemCode::InvalidQuery), |problem, name| {
            problem.field(name, "unknown_field", "there is no such parameter")
        }))
}
