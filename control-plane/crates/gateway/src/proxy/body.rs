//! Bodies on their way: [`Sent`] to a node, [`Passed`] to the client. Neither is held longer than
//! it takes to hand it on, except what is small or has to be sent once more.

use std::{
    cell::Cell,
    future::Future as _,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    body::{BodySize, MessageBody},
    dev::Payload,
};
use bytes::Bytes;
use futures_util::{Stream as _, future::LocalBoxFuture};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep};

use super::{pool::Connection, tunnel::Tunnel};
use crate::{limit::Permit, nodes::Seat, streams::Place};

/// What was wrong with the body of a request while it was passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyFault {
    /// More than may be.
    #[error("the body is larger than it may be")]
    TooLarge,
    /// The client stood still.
    #[error("the client stopped sending")]
    TimedOut,
    /// The client went away or sent something that is no body.
    #[error("the body broke off")]
    Broken,
}

/// The body of a request to a node.
pub(super) enum Sent {
    /// None.
    Empty,
    /// One that is all here.
    Whole(Option<Bytes>),
    /// One that is passed on as it comes.
    Streamed(Streamed),
}

/// A body that is passed on as it comes.
pub(super) struct Streamed {
    /// What was read of it already.
    first: Option<Bytes>,
    rest: Payload,
    /// Its length, when the client said.
    length: Option<u64>,
    left: u64,
    idle: Idle,
    progress: Rc<Progress>,
}

/// How far a streamed body has come, for the one who sent it: the connection's error would not say.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Why it failed.
    pub(super) fault: Cell<Option<BodyFault>>,
    /// Whether all of it was handed on.
    pub(super) done: Cell<bool>,
}

impl Streamed {
    pub(super) fn new(
        first: Bytes,
        rest: Payload,
        length: Option<u64>,
        limit: u64,
        patience: Duration,
    ) -> Self {
        Self {
            first: Some(first).filter(|first| !first.is_empty()),
            rest,
            length,
            left: limit,
            idle: Idle::new(patience),
            progress: Rc::default(),
        }
    }

    pub(super) fn progress(&self) -> Rc<Progress> {
        Rc::clone(&self.progress)
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyFault>>> {
        if let Some(first) = self.first.take() {
            self.left = self.left.saturating_sub(length(&first));
            return Poll::Ready(Some(Ok(first)));
        }
        let next = match Pin::new(&mut self.rest).poll_next(cx) {
            Poll::Ready(next) => next,
            Poll::Pending if self.idle.is_over(cx) => return self.fail(BodyFault::TimedOut),
            Poll::Pending => return Poll::Pending,
        };
        self.idle.moved();
        match next {
            None => {
                self.progress.done.set(true);
                Poll::Ready(None)
            }
            Some(Err(_)) => self.fail(BodyFault::Broken),
            Some(Ok(chunk)) if length(&chunk) > self.left => self.fail(BodyFault::TooLarge),
            Some(Ok(chunk)) => {
                self.left -= length(&chunk);
                Poll::Ready(Some(Ok(chunk)))
            }
        }
    }

    fn fail(&self, fault: BodyFault) -> Poll<Option<Result<Bytes, BodyFault>>> {
        self.progress.fault.set(Some(fault));
        Poll::Ready(Some(Err(fault)))
    }
}

fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

impl Body for Sent {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Streamed(body) => body
                .poll_next(cx)
                .map(|next| next.map(|c| c.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Empty | Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty | Self::Whole(None) => SizeHint::with_exact(0),
            Self::Whole(Some(bytes)) => SizeHint::with_exact(length(bytes)),
            Self::Streamed(body) => body
                .length
                .map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}

/// The body of an answer to the client.
pub struct Passed(Kind);

enum Kind {
    /// None, though the headers may tell of the one that a GET would have.
    None(BodySize),
    /// One that is all here.
    Whole(Bytes),
    /// One that is passed on as it comes.
    Streamed(Box<Heard>),
    /// What a node says after an upgrade.
    Tunnelled(Tunnel),
}

impl Passed {
    pub(super) const fn none(size: BodySize) -> Self {
        Self(Kind::None(size))
    }

    pub(super) const fn whole(bytes: Bytes) -> Self {
        Self(Kind::Whole(bytes))
    }

    pub(super) fn streamed(heard: Heard) -> Self {
        Self(Kind::Streamed(Box::new(heard)))
    }

    pub(super) const fn tunnelled(tunnel: Tunnel) -> Self {
        Self(Kind::Tunnelled(tunnel))
    }
}

/// An answer that is passed on as it comes.
pub(super) struct Heard {
    pub(super) body: Incoming,
    pub(super) size: BodySize,
    pub(super) idle: Idle,
    /// Done when a stream of events has to end.
    pub(super) over: Option<LocalBoxFuture<'static, ()>>,
    /// Given back at the end of the body; an answer that broke off takes the connection with it.
    pub(super) connection: Option<Connection>,
    pub(super) _held: Held,
}

/// What an answer is counted in until its end.
pub(super) enum Held {
    /// The requests.
    Request {
        /// Of the node.
        _seat: Seat,
        /// Of the gateway.
        _permit: Permit,
    },
    /// The tunnels and streams of events.
    Stream {
        /// Of the node.
        _seat: Seat,
        /// Of the gateway, the tenant, and the session or token.
        _place: Place,
    },
}

impl MessageBody for Passed {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        match &self.0 {
            Kind::None(size) => *size,
            Kind::Whole(bytes) => BodySize::Sized(length(bytes)),
            Kind::Streamed(heard) => heard.size,
            Kind::Tunnelled(_) => BodySize::Stream,
        }
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        match &mut self.0 {
            Kind::None(_) => Poll::Ready(None),
            Kind::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then_some(Ok(bytes)))
            }
            Kind::Streamed(heard) => heard.poll_next(cx),
            Kind::Tunnelled(tunnel) => tunnel
                .poll_next(cx)
                .map(|next| next.map(|chunk| chunk.map_err(Into::into))),
        }
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        match self.0 {
            Kind::Whole(bytes) => Ok(bytes),
            other => Err(Self(other)),
        }
    }
}

impl Heard {
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Box<dyn std::error::Error>>>> {
        if let Some(over) = &mut self.over
            && over.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(None);
        }
        loop {
            let frame = match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending if self.idle.is_over(cx) => {
                    tracing::warn!("a node stopped in the middle of its answer");
                    return Poll::Ready(Some(Err("the node stopped answering".into())));
                }
                Poll::Pending => return Poll::Pending,
            };
            self.idle.moved();
            match frame {
                None => {
                    if let Some(connection) = self.connection.take() {
                        connection.keep();
                    }
                    return Poll::Ready(None);
                }
                Some(Err(error)) => {
                    tracing::warn!(%error, "a node's answer broke off");
                    return Poll::Ready(Some(Err(error.into())));
                }
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }
}

/// Notices when nothing has moved for too long. Its timer exists only while something waits.
pub(super) struct Idle {
    patience: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Idle {
    pub(super) const fn new(patience: Duration) -> Self {
        Self {
            patience,
            timer: None,
        }
    }

    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep(self.patience)));
        timer.as_mut().poll(cx).is_ready()
    }

    fn moved(&mut self) {
        self.timer = None;
    }
}
