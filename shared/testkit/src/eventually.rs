//! Waiting for what happens by itself: polled, with a limit, never by a guess of how long it takes.

use std::time::Duration;

use crate::Stopwatch;

const POLL: Duration = Duration::from_millis(10);

/// What a look at the world can answer: there, or not yet.
pub trait Probe {
    /// What is there.
    type Value;
    /// The value, or a text of what was seen instead.
    ///
    /// # Errors
    ///
    /// When it is not there yet.
    fn seen(self) -> Result<Self::Value, String>;
}

impl Probe for bool {
    type Value = ();
    fn seen(self) -> Result<(), String> {
        if self {
            Ok(())
        } else {
            Err("still false".to_owned())
        }
    }
}

impl<T> Probe for Option<T> {
    type Value = T;
    fn seen(self) -> Result<T, String> {
        self.ok_or_else(|| "still nothing".to_owned())
    }
}

impl<T, E: std::fmt::Debug> Probe for Result<T, E> {
    type Value = T;
    fn seen(self) -> Result<T, String> {
        self.map_err(|error| format!("still {error:?}"))
    }
}

/// Looks until the answer is `true`, `Some` or `Ok`, and returns it.
///
/// # Panics
///
/// When the limit is over; the message has the last answer.
#[track_caller]
pub fn eventually<P, F>(limit: Duration, look: F) -> impl Future<Output = P::Value>
where
    P: Probe,
    F: AsyncFn() -> P,
{
    let caller = std::panic::Location::caller();
    async move {
        let watch = Stopwatch::start();
        loop {
            match look().await.seen() {
                Ok(value) => return value,
                Err(seen) if watch.elapsed() >= limit => {
                    panic!("{caller}: {seen} after {limit:?}");
                }
                Err(_) => tokio::time::sleep(POLL).await,
            }
        }
    }
}
