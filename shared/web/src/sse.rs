//! Server-sent events: a stream of signals with comments that keep the connection open.

use std::{
    borrow::Cow,
    convert::Infallible,
    fmt::Write as _,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, HeaderName},
};
use bytes::Bytes;
use futures_util::Stream;
use tokio::time::{Interval, MissedTickBehavior, interval_at};

use crate::serve::stopping;

/// How long a stream is silent before a comment shows proxies and browsers that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// Its name; `message` when none.
    pub event: Option<Cow<'static, str>>,
    /// What the browser gives back as `Last-Event-ID` when it connects again.
    pub id: Option<String>,
    /// Its data, often JSON; without any, the browser notes the id and tells nobody.
    pub data: Option<String>,
}

impl Event {
    /// An event of this name and data.
    pub fn new(event: impl Into<Cow<'static, str>>, data: impl Into<String>) -> Self {
        Self {
            event: Some(event.into()),
            id: None,
            data: Some(data.into()),
        }
    }

    /// An id alone.
    pub fn id(id: impl Into<String>) -> Self {
        Self::default().with_id(id)
    }

    /// The event with an id.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    fn render(&self) -> Bytes {
        let data = self.data.as_deref();
        let mut text = String::with_capacity(data.map_or(0, str::len) + 32);
        // A line break inside a name or id would start another field.
        let one_line = |value: &str| value.replace(['\r', '\n'], " ");
        if let Some(event) = &self.event {
            let _ = writeln!(text, "event: {}", one_line(event));
        }
        if let Some(id) = &self.id {
            let _ = writeln!(text, "id: {}", one_line(id));
        }
        if let Some(data) = data {
            for line in data.replace("\r\n", "\n").split(['\n', '\r']) {
                let _ = writeln!(text, "data: {line}");
            }
        }
        text.push('\n');
        Bytes::from(text)
    }
}

/// Answers with the events until the stream ends, the client goes or the server stops, which would
/// otherwise wait for the stream: the client connects again, to whoever serves then.
pub fn stream(events: impl Stream<Item = Event> + 'static) -> HttpResponse {
    let mut ticks = interval_at(tokio::time::Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((HeaderName::from_static("x-accel-buffering"), "no"))
        .streaming(KeptAlive {
            events: Box::pin(events),
            ticks,
            stopping: Box::pin(stopping()),
        })
}

struct KeptAlive {
    events: Pin<Box<dyn Stream<Item = Event>>>,
    ticks: Interval,
    stopping: Pin<Box<dyn Future<Output = ()>>>,
}

impl Stream for KeptAlive {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.stopping.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        match self.events.as_mut().poll_next(cx) {
            Poll::Ready(Some(event)) => {
                self.ticks.reset();
                Poll::Ready(Some(Ok(event.render())))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => self
                .ticks
                .poll_tick(cx)
                .map(|_| Some(Ok(Bytes::from_static(b": still here\n\n")))),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    #[test]
    fn an_event_cannot_break_out_of_its_fields() {
        let event = Event::new("step\ndata: x", "one\r\ntwo").with_id("7");
        assert_eq!(
            event.render(),
            "event: step data: x\nid: 7\ndata: one\ndata: two\n\n"
        );
    }

    #[test]
    fn an_id_alone_is_no_event() {
        assert_eq!(Event::id("7").render(), "id: 7\n\n");
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_shows_that_it_lives() {
        let mut ticks = interval_at(tokio::time::Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let first = futures_util::stream::iter([Event::new("a", "b")]);
        let events = Box::pin(first.chain(futures_util::stream::pending()));
        let stopping: Pin<Box<dyn Future<Output = ()>>> = Box::pin(std::future::pending());
        let mut stream = KeptAlive {
            events,
            ticks,
            stopping,
        };
        let first = stream.next().await.and_then(Result::ok);
        assert_eq!(first.as_deref(), Some(b"event: a\ndata: b\n\n".as_slice()));
        let started = tokio::time::Instant::now();
        let second = stream.next().await.and_then(Result::ok);
        assert_eq!(second.as_deref(), Some(b": still here\n\n".as_slice()));
        assert_eq!(started.elapsed(), KEEP_ALIVE);
    }
}
