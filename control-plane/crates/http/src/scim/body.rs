//! Bodies and questions.

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{CONTENT_TYPE, HeaderName, IF_MATCH, IF_NONE_MATCH},
    web::Query,
};
use cp_scim::{ListQuery, MEDIA_TYPE, Projection, ResourceKind, ScimError, ScimType};
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use web::RawJson;

use super::refusal::Refusal;

/// A JSON body, under the standard's media type or the plain one.
#[derive(Debug)]
pub(super) struct Body(pub Value);

impl FromRequest for Body {
    type Error = Refusal;
    type Future = LocalBoxFuture<'static, Result<Self, Refusal>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let understood = is_understood(request);
        let raw = RawJson::from_request(request, payload);
        Box::pin(async move {
            let raw = raw.await?;
            if !understood {
                let types = format!("The body is {MEDIA_TYPE} or application/json.");
                return Err(Refusal::status(415, &types));
            }
            let read = serde_json::from_slice(raw.bytes());
            let value = read.map_err(|error| {
                let detail = format!("The body is no JSON: {error}.");
                ScimError::new(ScimType::InvalidSyntax, detail)
            })?;
            Ok(Self(value))
        })
    }
}

fn is_understood(request: &HttpRequest) -> bool {
    let value = request.headers().get(CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    let essence = value.unwrap_or_default().split(';').next();
    let essence = essence.unwrap_or_default().trim();
    [MEDIA_TYPE, "application/json"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(essence))
}

/// What is asked in the address.
#[derive(Debug)]
pub(super) struct Asked(Vec<(String, String)>);

impl Asked {
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Refusal> {
        let pairs = Query::<Vec<(String, String)>>::from_query(request.query_string());
        let pairs = pairs.map_err(|_| {
            ScimError::new(ScimType::InvalidValue, "The parameters cannot be read.")
        })?;
        Ok(Self(pairs.into_inner()))
    }

    /// The question for a list.
    pub(super) fn list(&self, kind: &'static ResourceKind) -> Result<ListQuery, Refusal> {
        let pairs = self.0.iter();
        let pairs = pairs.map(|(name, value)| (name.as_str(), value.as_str()));
        Ok(ListQuery::from_pairs(kind, pairs)?)
    }

    /// Which attributes an answer has.
    pub(super) fn projection(&self, kind: &'static ResourceKind) -> Projection {
        let named = |wanted: &str| {
            let mut pairs = self.0.iter();
            let pair = pairs.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            pair.map(|(_, value)| value.as_str())
        };
        let only = named("attributes").map(|names| names.split(','));
        let without = named("excludedAttributes").unwrap_or_default();
        Projection::new(kind, only, without.split(','))
    }
}

/// `If-Match`.
pub(super) fn if_match(request: &HttpRequest) -> Option<&str> {
    header(request, &IF_MATCH)
}

/// `If-None-Match`.
pub(super) fn if_none_match(request: &HttpRequest) -> Option<&str> {
    header(request, &IF_NONE_MATCH)
}

fn header<'a>(request: &'a HttpRequest, name: &HeaderName) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}
