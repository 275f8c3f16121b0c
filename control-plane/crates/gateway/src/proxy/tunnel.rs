//! What follows an upgrade: bytes both ways, whatever they mean, until one side ends or whoever
//! opened the tunnel may not any more.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::dev::Payload;
use bytes::Bytes;
use futures_util::{Stream as _, StreamExt as _, future::LocalBoxFuture};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncWriteExt as _, ReadHalf, WriteHalf, split};
use tokio_util::{
    io::ReaderStream,
    sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned},
};

use crate::{nodes::Seat, streams::Place};

/// The node's side of a tunnel, passed to the client as it comes.
pub(super) struct Tunnel {
    from_node: ReaderStream<ReadHalf<TokioIo<Upgraded>>>,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Ends the other direction when the client is gone.
    _end: DropGuard,
    _seat: Seat,
    _place: Place,
}

impl Tunnel {
    /// Passes bytes both ways until one side ends, or `over` is done.
    pub(super) fn open(
        node: Upgraded,
        client: Payload,
        over: LocalBoxFuture<'static, ()>,
        seat: Seat,
        place: Place,
    ) -> Self {
        let (from_node, to_node) = split(TokioIo::new(node));
        let end = CancellationToken::new();
        actix_web::rt::spawn(pass_on(client, to_node, over, end.clone()));
        Self {
            from_node: ReaderStream::new(from_node),
            ended: Box::pin(end.clone().cancelled_owned()),
            _end: end.drop_guard(),
            _seat: seat,
            _place: place,
        }
    }

    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        use std::future::Future as _;
        if self.ended.as_mut().poll(cx).is_ready() {
            // An error closes the connection at once; after an end, the server would read on for a
            // second in case the client had more to say.
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
        }
        Pin::new(&mut self.from_node).poll_next(cx)
    }
}

async fn pass_on(
    mut client: Payload,
    mut node: WriteHalf<TokioIo<Upgraded>>,
    mut over: LocalBoxFuture<'static, ()>,
    end: CancellationToken,
) {
    loop {
        tokio::select! {
            () = end.cancelled() => break,
            () = &mut over => {
                end.cancel();
                break;
            }
            chunk = client.next() => {
                let Some(Ok(chunk)) = chunk else { break };
                if node.write_all(&chunk).await.is_err() {
                    break;
                }
            }
        }
    }
    let _ = node.shutdown().await;
}
