//! The body of a request before it is sent: none, whole, or passed on as it comes; and whether it
//! may be sent once more.

use std::{future::poll_fn, pin::Pin, time::Duration};

use actix_web::{
    HttpRequest,
    dev::Payload,
    http::{
        Method,
        header::{CONTENT_LENGTH, TRANSFER_ENCODING},
    },
};
use bytes::{Bytes, BytesMut};
use futures_util::Stream as _;
use web::{ApiError, ProblemCode};

use super::body::{BodyFault, Sent, Streamed};
use crate::{paths::is_safe, settings::GatewaySettings};

/// Up to here a body of known length is read before a node is asked: one write instead of two.
const SMALL: u64 = 16 << 10;
/// Up to here a body of unknown length is read before a node is asked, to know that it is not too
/// large.
const UNKNOWN_UP_TO: u64 = 1 << 20;

/// The body of a request, to be sent.
pub(super) struct Outgoing {
    body: Kept,
    /// Whether the request may be sent again when nobody knows what became of it.
    pub(super) repeatable: bool,
}

enum Kept {
    None,
    Whole(Bytes),
    Streamed(Option<Streamed>),
}

impl Outgoing {
    /// Reads what has to be read before a node is asked.
    ///
    /// # Errors
    /// When it is too large or breaks off.
    pub(super) async fn read(
        request: &HttpRequest,
        mut payload: Payload,
        settings: &GatewaySettings,
    ) -> Result<Self, ApiError> {
        let keyed =
            *request.method() == Method::POST && request.headers().contains_key("idempotency-key");
        let repeatable = keyed || is_safe(request.method());
        let length = content_length(request);
        if length.is_some_and(|length| length > settings.body_limit) {
            return Err(too_large(settings.body_limit));
        }
        let unknown = request.headers().contains_key(TRANSFER_ENCODING);
        if !unknown && length.unwrap_or(0) == 0 {
            return Ok(Self {
                body: Kept::None,
                repeatable,
            });
        }
        let patience = settings.idle_timeout();
        let up_to = match length {
            Some(length) if length <= SMALL => length,
            Some(length) if repeatable && length <= settings.replay_limit => length,
            Some(_) => 0,
            None => settings.body_limit.min(UNKNOWN_UP_TO),
        };
        let (first, all) = read_up_to(&mut payload, up_to, length, patience)
            .await
            .map_err(|fault| explain(fault, settings.body_limit))?;
        if all {
            let size = u64::try_from(first.len()).unwrap_or(u64::MAX);
            let repeatable = repeatable && size <= settings.replay_limit;
            return Ok(Self {
                body: Kept::Whole(first),
                repeatable,
            });
        }
        if length.is_none() && settings.body_limit <= UNKNOWN_UP_TO {
            return Err(too_large(settings.body_limit));
        }
        let rest = Streamed::new(first, payload, length, settings.body_limit, patience);
        Ok(Self {
            body: Kept::Streamed(Some(rest)),
            repeatable: false,
        })
    }

    /// The body to send; none when it was passed on already.
    pub(super) fn take(&mut self) -> Option<Sent> {
        match &mut self.body {
            Kept::None => Some(Sent::Empty),
            Kept::Whole(bytes) => Some(Sent::Whole(Some(bytes.clone()))),
            Kept::Streamed(body) => body.take().map(Sent::Streamed),
        }
    }

    /// Takes back a body of which nothing was sent.
    pub(super) fn give_back(&mut self, sent: Sent) {
        if let (Kept::Streamed(place), Sent::Streamed(body)) = (&mut self.body, sent) {
            *place = Some(body);
        }
    }
}

/// The problem of a body that could not be passed on.
pub(super) fn explain(fault: BodyFault, limit: u64) -> ApiError {
    match fault {
        BodyFault::TooLarge => too_large(limit),
        BodyFault::TimedOut => ApiError::new(ProblemCode::RequestTimeout),
        BodyFault::Broken => {
            ApiError::new(ProblemCode::BadRequest).detail("the body broke off or is malformed")
        }
    }
}

fn too_large(limit: u64) -> ApiError {
    ApiError::new(ProblemCode::PayloadTooLarge).detail(format!("at most {limit} bytes"))
}

fn content_length(request: &HttpRequest) -> Option<u64> {
    request
        .headers()
        .get(CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// Reads until the end or until more than `up_to` bytes are there; whether it was the end.
async fn read_up_to(
    payload: &mut Payload,
    up_to: u64,
    length: Option<u64>,
    patience: Duration,
) -> Result<(Bytes, bool), BodyFault> {
    let up_to = usize::try_from(up_to).unwrap_or(usize::MAX);
    let mut only = Bytes::new();
    let mut read = BytesMut::new();
    if length.is_some() && up_to == 0 {
        return Ok((only, false));
    }
    loop {
        let next = poll_fn(|cx| Pin::new(&mut *payload).poll_next(cx));
        let next = tokio::time::timeout(patience, next)
            .await
            .map_err(|_| BodyFault::TimedOut)?;
        let chunk = match next {
            None => return Ok((if read.is_empty() { only } else { read.freeze() }, true)),
            Some(Err(_)) => return Err(BodyFault::Broken),
            Some(Ok(chunk)) => chunk,
        };
        if only.is_empty() && read.is_empty() {
            only = chunk;
        } else {
            if read.is_empty() {
                read.extend_from_slice(&std::mem::take(&mut only));
            }
            read.extend_from_slice(&chunk);
        }
        if only.len().max(read.len()) > up_to {
            return Ok((if read.is_empty() { only } else { read.freeze() }, false));
        }
    }
}
