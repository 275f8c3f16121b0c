//! Schedule times: local to the tenant, without a zone, to the minute.

use std::fmt;

use chrono::{Datelike, NaiveDateTime, Timelike};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const FORMAT: &str = "%Y-%m-%dT%H:%M";

/// A zone-less minute, `YYYY-MM-DDTHH:MM`, of the years 1900 to 2999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalMinute(NaiveDateTime);

impl LocalMinute {
    /// Reads `YYYY-MM-DDTHH:MM`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let shaped = text.len() == 16 && text.is_ascii();
        let time = NaiveDateTime::parse_from_str(text, FORMAT)
            .ok()
            .filter(|_| shaped)?;
        (1900..3000).contains(&time.year()).then_some(Self(time))
    }

    /// The minute in which a stored time lies.
    #[must_use]
    pub fn stored(time: NaiveDateTime) -> Self {
        Self(
            time.with_second(0)
                .and_then(|t| t.with_nanosecond(0))
                .unwrap_or(time),
        )
    }

    /// The time for the database.
    #[must_use]
    pub const fn as_naive(self) -> NaiveDateTime {
        self.0
    }
}

impl fmt::Display for LocalMinute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.0;
        let (year, month, day) = (t.year(), t.month(), t.day());
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}",
            t.hour(),
            t.minute()
        )
    }
}

impl Serialize for LocalMinute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LocalMinute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("expected a time as YYYY-MM-DDTHH:MM"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_one_form() {
        let minute = LocalMinute::parse("2026-03-29T02:30").unwrap();
        assert_eq!(minute.to_string(), "2026-03-29T02:30");
        for bad in [
            "2026-3-29T02:30",
            "2026-03-29",
            "2026-03-29T02:30:00",
            "2026-02-30T00:00",
            "1000-01-01T00:00",
        ] {
            assert_eq!(LocalMinute::parse(bad), None, "{bad}");
        }
    }
}
