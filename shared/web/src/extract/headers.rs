//! Headers with a meaning: preconditions, idempotency, the request's id.

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::header::{HeaderMap, IF_MATCH},
};
use kernel::{IfMatch, RequestId, Revision};

use crate::{ApiError, ProblemCode};

/// `If-Match` (RFC 9110 §13.1.1). Whether it is required is for the use case to say, which
/// first looks whether the thing exists and may be changed.
#[derive(Debug, Clone, Copy)]
pub struct IfMatchHeader(pub IfMatch);

impl FromRequest for IfMatchHeader {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(if_match(request.headers()).map(IfMatchHeader))
    }
}

fn if_match(headers: &HeaderMap) -> Result<IfMatch, ApiError> {
    let wrong = || {
        ApiError::new(ProblemCode::InvalidHeader)
            .detail("If-Match is `*` or a list of quoted entity tags")
    };
    let mut found = IfMatch::Missing;
    for line in headers.get_all(IF_MATCH) {
        let mut rest = line.to_str().map_err(|_| wrong())?.trim();
        if rest == "*" {
            return Ok(IfMatch::Any);
        }
        while !rest.is_empty() {
            let weak = rest.strip_prefix("W/");
            let tag = weak.unwrap_or(rest).strip_prefix('"').ok_or_else(wrong)?;
            let (value, after) = tag.split_once('"').ok_or_else(wrong)?;
            let revision = if weak.is_none() {
                value.parse().ok().map(Revision)
            } else {
                None
            };
            found = match (found, revision) {
                // The kernel knows one revision; of a list the newest is the one that can match.
                (IfMatch::Revision(known), Some(new)) => IfMatch::Revision(known.max(new)),
                (IfMatch::Revision(known), None) => IfMatch::Revision(known),
                (_, Some(new)) => IfMatch::Revision(new),
                (_, None) => IfMatch::Foreign,
            };
            let after = after.trim_start();
            rest = match after.strip_prefix(',') {
                Some(more) => more.trim_start(),
                None if after.is_empty() => after,
                None => return Err(wrong()),
            };
        }
    }
    Ok(found)
}

/// `Idempotency-Key`: none, or 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(pub Option<String>);

impl FromRequest for IdempotencyKey {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let mut values = request.headers().get_all("idempotency-key");
        ready(match (values.next(), values.next()) {
            (None, _) => Ok(Self(None)),
            (Some(key), None)
                if (1..=255).contains(&key.len())
                    && key.as_bytes().iter().all(u8::is_ascii_graphic) =>
            {
                Ok(Self(key.to_str().ok().map(str::to_owned)))
            }
            _ => Err(ApiError::new(ProblemCode::InvalidIdempotencyKey)),
        })
    }
}

/// The request's id, which [`crate::Edge`] found or made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestIdExt(pub RequestId);

impl RequestIdExt {
    /// The id of a request; `-` in an app without an edge.
    #[must_use]
    pub fn of(request: &HttpRequest) -> RequestId {
        let known = request.extensions().get::<RequestId>().cloned();
        known
            .or_else(|| RequestId::parse("-"))
            .unwrap_or_else(|| RequestId::from_uuid(NIL))
    }
}

const NIL: uuid::Uuid = uuid::Uuid::nil();

impl FromRequest for RequestIdExt {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Ok(Self(Self::of(request))))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn parsed(lines: &[&'static str]) -> Option<IfMatch> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IF_MATCH, HeaderValue::from_static(line));
        }
        if_match(&headers).ok()
    }

    #[test]
    fn if_match_takes_strong_tags_lists_and_the_star() {
        assert_eq!(parsed(&[]), Some(IfMatch::Missing));
        assert_eq!(parsed(&["*"]), Some(IfMatch::Any));
        assert_eq!(parsed(&["\"3\""]), Some(IfMatch::Revision(Revision(3))));
        assert_eq!(parsed(&["W/\"3\""]), Some(IfMatch::Foreign));
        assert_eq!(parsed(&["\"abc\""]), Some(IfMatch::Foreign));
        assert_eq!(
            parsed(&["\"a,b\" , \"4\""]),
            Some(IfMatch::Revision(Revision(4)))
        );
        assert_eq!(
            parsed(&["\"2\"", "\"4\""]),
            Some(IfMatch::Revision(Revision(4)))
        );
        assert_eq!(parsed(&["3"]), None);
        assert_eq!(parsed(&["\"3"]), None);
        assert_eq!(parsed(&["\"3\" \"4\""]), None);
    }
}
