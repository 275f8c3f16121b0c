//! Hours of the week in a time zone.

use std::fmt;

use chrono::{DateTime, Datelike as _, Timelike as _, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

const MINUTES_OF_DAY: u16 = 24 * 60;

/// A time zone of the IANA database, such as `Europe/Berlin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(Tz);

/// A word that is no time, day or zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTime {
    /// Not a time of day.
    #[error("a time of day is HH:MM, from 00:00 to 24:00")]
    TimeOfDay,
    /// Not a zone.
    #[error("this is no time zone of the IANA database, such as Europe/Berlin")]
    Zone,
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// Reads a zone's name.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn parse(name: &str) -> Result<Self, InvalidTime> {
        name.parse().map(Self).map_err(|_| InvalidTime::Zone)
    }

    /// The name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }
}

impl TryFrom<String> for Zone {
    type Error = InvalidTime;

    fn try_from(name: String) -> Result<Self, InvalidTime> {
        Self::parse(&name)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "they are the days of the week")]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl From<Weekday> for Day {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Mon => Self::Monday,
            Weekday::Tue => Self::Tuesday,
            Weekday::Wed => Self::Wednesday,
            Weekday::Thu => Self::Thursday,
            Weekday::Fri => Self::Friday,
            Weekday::Sat => Self::Saturday,
            Weekday::Sun => Self::Sunday,
        }
    }
}

/// Minutes since midnight; 24:00 is the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// Reads `HH:MM`.
    ///
    /// # Errors
    /// When it is no time of day.
    pub fn parse(text: &str) -> Result<Self, InvalidTime> {
        let two = |text: &str| {
            (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()))
                .then(|| text.parse::<u16>().ok())
                .flatten()
        };
        let (hours, minutes) = text.split_once(':').ok_or(InvalidTime::TimeOfDay)?;
        match (two(hours), two(minutes)) {
            (Some(hours @ 0..24), Some(minutes @ 0..60)) => Ok(Self(hours * 60 + minutes)),
            (Some(24), Some(0)) => Ok(Self(MINUTES_OF_DAY)),
            _ => Err(InvalidTime::TimeOfDay),
        }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = InvalidTime;

    fn try_from(text: String) -> Result<Self, InvalidTime> {
        Self::parse(&text)
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

/// A time of the day on some days of the week. One that ends before it begins goes on into the next
/// day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The days on which it begins.
    pub days: Vec<Day>,
    /// When it begins.
    pub from: TimeOfDay,
    /// When it ends; this minute is no longer in it.
    pub until: TimeOfDay,
}

impl Window {
    /// Whether the moment is in it.
    #[must_use]
    pub fn contains(&self, moment: DateTime<Utc>, Zone(zone): Zone) -> bool {
        let local = moment.with_timezone(&zone);
        let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or_default();
        let (today, yesterday) = (local.weekday(), local.weekday().pred());
        let begins = |day: Weekday| self.days.contains(&Day::from(day));
        let (from, until) = (self.from.0, self.until.0);
        if from < until {
            return begins(today) && (from..until).contains(&minute);
        }
        (begins(today) && minute >= from) || (begins(yesterday) && minute < until)
    }
}
