//! JSON bodies that are read before they are understood.

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use garde::Validate;
use serde::de::DeserializeOwned;

use super::json;
use crate::ApiError;

/// A body within the limit, not parsed yet: for handlers that look first whether the thing exists
/// and may be changed, or that need the bytes as they came.
#[derive(Debug, Clone)]
pub struct RawJson {
    bytes: Bytes,
    /// Whether `Content-Type` says that it is JSON.
    is_json: bool,
}

impl RawJson {
    /// The bytes as they came.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The value.
    ///
    /// # Errors
    /// 415, 400 or 422, as [`super::Json`] does.
    pub fn parse<T>(&self) -> Result<T, ApiError>
    where
        T: DeserializeOwned + Validate<Context = ()>,
    {
        if !self.is_json {
            return Err(crate::ProblemCode::UnsupportedMediaType.into());
        }
        json::parse(&self.bytes)
    }

    /// The value; its default without a body.
    ///
    /// # Errors
    /// 415, 400 or 422, as [`super::Json`] does.
    pub fn parse_or_default<T>(&self) -> Result<T, ApiError>
    where
        T: DeserializeOwned + Validate<Context = ()> + Default,
    {
        if self.bytes.is_empty() {
            Ok(T::default())
        } else {
            self.parse()
        }
    }
}

impl FromRequest for RawJson {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let is_json = json::require_json(&request).is_ok();
            let bytes = json::read(&request, payload).await?;
            Ok(Self { bytes, is_json })
        })
    }
}
