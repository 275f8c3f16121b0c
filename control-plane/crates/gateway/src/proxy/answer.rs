//! A node's answer on its way to the client.

use std::{future::poll_fn, pin::Pin, time::Duration};

use actix_web::{HttpResponse, HttpResponseBuilder, body::BodySize, http::StatusCode};
use bytes::{Bytes, BytesMut};
use futures_util::future::LocalBoxFuture;
use http_body::Body as _;
use hyper::{Response, body::Incoming, http::response::Parts};

use super::{
    body::{Heard, Held, Idle, Passed},
    headers,
    pool::Connection,
};
use crate::{
    limit::Permit,
    nodes::Seat,
    streams::{Full, Place},
};

/// What an answer takes along.
pub(super) struct Carried {
    pub(super) connection: Connection,
    pub(super) seat: Seat,
    pub(super) permit: Permit,
}

/// How an answer is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// An answer of so many bytes is read whole first.
    pub(super) whole_up_to: u64,
    /// How long it may stand still.
    pub(super) idle: Duration,
}

/// What a stream of events goes on with.
pub(super) struct Begun {
    /// Done when it has to end.
    pub(super) over: LocalBoxFuture<'static, ()>,
    pub(super) seat: Seat,
    pub(super) place: Place,
}

/// Why nothing of an answer was passed on; the permit comes back for another try.
pub(super) enum NotPassed {
    /// It broke off.
    BrokenOff(Permit),
    /// It is a stream of events, and no more of them may be open.
    Full(Permit, Full),
}

/// Makes the client's answer of the node's. A small one is read whole first.
pub(super) async fn pass(
    response: Response<Incoming>,
    to_head: bool,
    carried: Carried,
    patience: Patience,
    begin: &dyn Fn() -> Result<Begun, Full>,
) -> Result<HttpResponse<Passed>, NotPassed> {
    let (parts, body) = response.into_parts();
    let length = body.size_hint().exact();
    if to_head || matches!(parts.status.as_u16(), 204 | 304) {
        carried.connection.keep();
        let size = match announced(&parts).filter(|_| to_head) {
            Some(length) => BodySize::Sized(length),
            None => BodySize::None,
        };
        return Ok(build(&parts, Passed::none(size)));
    }
    if let Some(length) = length.filter(|length| *length <= patience.whole_up_to) {
        return match whole(body, length, patience.idle).await {
            Some(bytes) => {
                carried.connection.keep();
                Ok(build(&parts, Passed::whole(bytes)))
            }
            None => Err(NotPassed::BrokenOff(carried.permit)),
        };
    }
    let (over, held) = if is_event_stream(&parts) {
        // What has no end by itself must not outlive the session that it was opened with, nor take
        // the place of a request.
        match begin() {
            Ok(Begun { over, seat, place }) => {
                let (_seat, _place) = (seat, place);
                (Some(over), Held::Stream { _seat, _place })
            }
            Err(full) => return Err(NotPassed::Full(carried.permit, full)),
        }
    } else {
        let (_seat, _permit) = (carried.seat, carried.permit);
        (None, Held::Request { _seat, _permit })
    };
    let heard = Heard {
        body,
        size: length.map_or(BodySize::Stream, BodySize::Sized),
        idle: Idle::new(patience.idle),
        over,
        connection: Some(carried.connection),
        _held: held,
    };
    Ok(build(&parts, Passed::streamed(heard)))
}

/// The answer to an upgrade that the node agreed to.
pub(super) fn switch(parts: &Parts, protocol: &str, body: Passed) -> HttpResponse<Passed> {
    let mut response = HttpResponseBuilder::new(StatusCode::SWITCHING_PROTOCOLS);
    response.upgrade(protocol);
    let mut response = response.message_body(body).unwrap_or_else(|_| {
        HttpResponse::with_body(
            StatusCode::SWITCHING_PROTOCOLS,
            Passed::none(BodySize::None),
        )
    });
    headers::to_client(&parts.headers, response.headers_mut());
    response
}

fn is_event_stream(parts: &Parts) -> bool {
    let kind = parts.headers.get(http::header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

fn build(parts: &Parts, body: Passed) -> HttpResponse<Passed> {
    let status = StatusCode::from_u16(parts.status.as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = HttpResponse::with_body(status, body);
    headers::to_client(&parts.headers, response.headers_mut());
    if status.as_u16() >= 400 {
        response.extensions_mut().insert(web::AsIs);
    }
    response
}

/// The length that the answer to a HEAD tells of.
fn announced(parts: &Parts) -> Option<u64> {
    parts
        .headers
        .get(http::header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// A body that is read whole; none when it breaks off or stands still.
async fn whole(mut body: Incoming, length: u64, patience: Duration) -> Option<Bytes> {
    let mut read = BytesMut::new();
    let mut only = Bytes::new();
    loop {
        let next = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx));
        let frame = match tokio::time::timeout(patience, next).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => break,
            Ok(Some(Err(_))) | Err(_) => return None,
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if only.is_empty() && read.is_empty() {
            only = data;
        } else {
            if read.is_empty() {
                read.reserve(usize::try_from(length).unwrap_or_default());
                read.extend_from_slice(&std::mem::take(&mut only));
            }
            read.extend_from_slice(&data);
        }
    }
    Some(if read.is_empty() { only } else { read.freeze() })
}
