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

/// How long a stream is silent before a comment shows proxies and browsers that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// Its name; `message` when none.
    pub event: Option<Cow<'static, str>>,
    /// What the browser gives back as `Last-Event-ID` when it connects again.
    pub id: Option<String>,
    /// Its data, often JSON.
    pub data: String,
}

impl Event {
    /// An event of this name and data.
    pub fn new(event: impl Into<Cow<'static, str>>, data: impl Into<String>) -> Self {
        Self {
            event: Some(event.into()),
            id: None,
            data: data.into(),
        }
    }

    /// The event with an id.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    fn render(&self) -> Bytes {
        let mut text = String::with_capacity(self.data.len() + 32);
        // A line break inside a name or id would start another field.
        let one_line = |value: &str| value.replace(['\r', '\n'], " ");
        if let Some(event) = &self.event {
            let _ = writeln!(text, "event: {}", one_line(event));
        }
        if let Some(id) = &self.id {
            let _ = writeln!(text, "id: {}", one_line(id));
        }
        for line in self.data.replace("\r\n", "\n").split(['\n', '\r']) {
            let _ = writeln!(text, "data: {line}");
        }
        text.push('\n');
        Bytes::from(text)
    }
}

/// Answers with the events until the stream ends or the client goes.
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
        })
}

struct KeptAlive {
    events: Pin<Box<dyn Stream<Item = Event>>>,
    ticks: Interval,
}

impl Stream for KeptAlive {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
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
    use super::*;

    #[test]
    fn an_event_cannot_break_out_of_its_fields() {
        let event = Event::new("step\ndata: x", "one\r\ntwo").with_id("7");
        assert_eq!(
            event.render(),
            "event: step data: x\nid: 7\ndata: one\ndata: two\n\n"
        );
    }
}
