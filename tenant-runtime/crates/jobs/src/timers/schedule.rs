//! When slots are. Pure: the same question has the same answer on every node, so that whoever
//! leads asks for the same slots.

use std::fmt;

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

/// Minutes of a day: no clock is put forward by more.
const DAY_MINUTES: i64 = 24 * 60;

/// When a timer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// Every so many minutes of UTC, counted from 1970: summer time changes nothing.
    Every {
        /// How many.
        minutes: u32,
    },
    /// Once on each day of a zone. Where clocks are put forward over the time, when they have
    /// been; where the time comes twice, at the first.
    Daily {
        /// The hour there, 0 to 23.
        hour: u32,
        /// The minute.
        minute: u32,
        /// The zone.
        zone: Tz,
    },
}

impl Schedule {
    /// The slot that began last, now or before.
    #[must_use]
    pub fn last(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Every { minutes } => now - into_slot(now, minutes),
            Self::Daily { hour, minute, zone } => {
                let today = now.with_timezone(&zone).date_naive();
                let days = [today.succ_opt(), Some(today), today.pred_opt()];
                let slots = days.into_iter().flatten();
                let mut slots = slots.map(|day| slot_of(day, hour, minute, zone));
                slots.find(|slot| *slot <= now).unwrap_or(now)
            }
        }
    }

    /// The slot that begins next, after now.
    #[must_use]
    pub fn next(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Every { minutes } => {
                now - into_slot(now, minutes) + TimeDelta::minutes(minutes.max(1).into())
            }
            Self::Daily { hour, minute, zone } => {
                let today = now.with_timezone(&zone).date_naive();
                let mut slots = today
                    .iter_days()
                    .map(|day| slot_of(day, hour, minute, zone));
                slots.find(|slot| *slot > now).unwrap_or(now)
            }
        }
    }
}

/// How far a slot of so many minutes has gone.
fn into_slot(now: DateTime<Utc>, minutes: u32) -> TimeDelta {
    let every = i64::from(minutes.max(1)) * 60_000_000;
    TimeDelta::microseconds(now.timestamp_micros().rem_euclid(every))
}

/// When a local time is on a day.
fn slot_of(day: NaiveDate, hour: u32, minute: u32, zone: Tz) -> DateTime<Utc> {
    let local = day.and_hms_opt(hour, minute, 0).unwrap_or_default();
    // A time that does not exist is skipped by the clock: the first that does comes after it.
    let real = (0..=DAY_MINUTES).find_map(|later| {
        let local = local.checked_add_signed(TimeDelta::minutes(later))?;
        zone.from_local_datetime(&local).earliest()
    });
    real.map_or(local.and_utc(), |real| real.to_utc())
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every { minutes: 60 } => f.write_str("every hour"),
            Self::Every { minutes } => write!(f, "every {minutes} minutes"),
            Self::Daily { hour, minute, zone } => {
                write!(f, "daily at {hour:02}:{minute:02} {zone}")
            }
        }
    }
}

#[cfg(test)]
mod tests;
