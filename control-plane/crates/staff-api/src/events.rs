//! Server-sent events of one operation, as a stream of its views.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_util::Stream;

use crate::{OperationView, StaffApiError};

/// The most that one event may hold; more is no operation of ours.
const MAX_EVENT: usize = 1024 * 1024;

type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, reqwest::Error>> + Send>>;

/// Each change of an operation, until it comes to rest.
pub struct OperationEvents {
    chunks: Chunks,
    buffer: Vec<u8>,
}

impl OperationEvents {
    pub(crate) fn new(chunks: Chunks) -> Self {
        Self {
            chunks,
            buffer: Vec::new(),
        }
    }

    /// Takes the next whole event out of the buffer; comments and other events are skipped.
    fn take_event(&mut self) -> Option<Result<OperationView, StaffApiError>> {
        loop {
            let end = self.buffer.windows(2).position(|pair| pair == b"\n\n")?;
            let event: Vec<u8> = self.buffer.drain(..end + 2).collect();
            let text = String::from_utf8_lossy(&event);
            if !text.lines().any(|line| line == "event: operation") {
                continue;
            }
            let data: String = text
                .lines()
                .filter_map(|line| line.strip_prefix("data:"))
                .map(|data| data.strip_prefix(' ').unwrap_or(data))
                .collect();
            return Some(
                serde_json::from_str(&data)
                    .map_err(|error| StaffApiError::NotUnderstood(error.to_string())),
            );
        }
    }
}

impl std::fmt::Debug for OperationEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OperationEvents")
    }
}

impl Stream for OperationEvents {
    type Item = Result<OperationView, StaffApiError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.take_event() {
                return Poll::Ready(Some(event));
            }
            match ready!(self.chunks.as_mut().poll_next(cx)) {
                Some(Ok(chunk)) if self.buffer.len() + chunk.len() <= MAX_EVENT => {
                    self.buffer.extend_from_slice(&chunk);
                }
                Some(Ok(_)) => {
                    let error = StaffApiError::NotUnderstood("an endless event".to_owned());
                    return Poll::Ready(Some(Err(error)));
                }
                Some(Err(error)) => {
                    return Poll::Ready(Some(Err(StaffApiError::Unreachable(error))));
                }
                None => return Poll::Ready(None),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};

    use super::*;

    #[tokio::test]
    async fn events_are_found_however_they_are_cut() {
        let one = r#"{"id":"018f0000-0000-7000-8000-000000000001","kind":"provision","tenant":{"id":"018f0000-0000-7000-8000-000000000002","slug":"a","name":"A"},"state":"running","requested_by":null,"steps":[],"can_retry":false,"can_cancel":true,"usual_seconds":null,"created_at":"2026-11-23T02:00:00Z","started_at":null,"finished_at":null}"#;
        let text = format!(
            ": still here\n\nevent: operation\ndata: {one}\n\nevent: other\ndata: 1\n\nevent: operation\ndata: {one}\n\n"
        );
        for size in [1, 7, 4096] {
            let chunks: Vec<_> = text
                .as_bytes()
                .chunks(size)
                .map(|c| Ok(Bytes::copy_from_slice(c)))
                .collect();
            let events = OperationEvents::new(Box::pin(stream::iter(chunks)));
            let states: Vec<_> = events.map(|event| event.unwrap().state).collect().await;
            assert_eq!(states.len(), 2);
        }
    }
}
