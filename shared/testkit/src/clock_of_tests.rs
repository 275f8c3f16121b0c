//! The time of tests.

use chrono::{DateTime, Utc};
use clock::Clock;

/// Monday, 5 January 2026, 12:00 UTC.
#[must_use]
pub fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_614_400, 0).unwrap_or_default()
}

/// A clock that stands at [`noon`] until the test moves it.
#[must_use]
pub fn clock() -> Clock {
    Clock::fixed(noon())
}
