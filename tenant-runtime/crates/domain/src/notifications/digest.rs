//! When a daily digest is due: at the person's hour on their wall, over changes of the clocks too.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use super::zone::TimeZone;

/// One day's digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    /// The person's date: there is one digest a date.
    pub date: NaiveDate,
    /// When it is due.
    pub due_at: DateTime<Utc>,
}

/// The first digest that is due after a moment, for one who wants it at this hour of their day.
#[must_use]
pub fn next_digest(zone: TimeZone, hour: u8, after: DateTime<Utc>) -> Digest {
    let time = NaiveTime::from_hms_opt(hour.into(), 0, 0).unwrap_or_default();
    // A day back, since the moment may be late on a date whose clocks went back over midnight.
    let mut date = zone.local(after).date() - Days::new(1);
    loop {
        let due_at = zone.instant(date.and_time(time));
        // A date that is left out has no digest. One of which the last hour is left out has: its
        // moment is midnight.
        if due_at > after && has(zone, date) {
            return Digest { date, due_at };
        }
        date = date + Days::new(1);
    }
}

/// Whether there is such a date: a zone that crosses the date line leaves one out.
fn has(zone: TimeZone, date: NaiveDate) -> bool {
    let begins = |date: NaiveDate| zone.instant(date.and_time(NaiveTime::MIN));
    begins(date) < begins(date + Days::new(1))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn due(zone: &str, hour: u8, after: &str) -> (String, String) {
        let digest = next_digest(zone.parse().unwrap(), hour, at(after));
        let due_at = digest
            .due_at
            .to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        (digest.date.to_string(), due_at)
    }

    fn is(date: &str, due_at: &str) -> (String, String) {
        (date.to_owned(), due_at.to_owned())
    }

    #[test]
    fn it_is_the_hour_on_the_wall() {
        let berlin = "Europe/Berlin";
        for (hour, after, date, due_at) in [
            (
                7,
                "2026-11-23T05:59:59Z",
                "2026-11-23",
                "2026-11-23T06:00:00Z",
            ),
            (
                7,
                "2026-11-23T06:00:00Z",
                "2026-11-24",
                "2026-11-24T06:00:00Z",
            ),
            // Summer time begins on 29 March 2026: an hour earlier in UTC from that day on.
            (
                7,
                "2026-03-28T12:00:00Z",
                "2026-03-29",
                "2026-03-29T05:00:00Z",
            ),
            // Two o'clock is left out that day; it is three at once.
            (
                2,
                "2026-03-28T12:00:00Z",
                "2026-03-29",
                "2026-03-29T01:00:00Z",
            ),
            // It comes twice on 25 October; the first counts, and the second is no other digest.
            (
                2,
                "2026-10-24T12:00:00Z",
                "2026-10-25",
                "2026-10-25T00:00:00Z",
            ),
            (
                2,
                "2026-10-25T00:00:00Z",
                "2026-10-26",
                "2026-10-26T01:00:00Z",
            ),
        ] {
            assert_eq!(due(berlin, hour, after), is(date, due_at), "{hour} {after}");
        }
    }

    #[test]
    fn days_may_begin_late_come_twice_or_not_at_all() {
        // Clocks go from 24:00 to 1:00 in Beirut.
        assert_eq!(
            due("Asia/Beirut", 0, "2026-03-28T12:00:00Z"),
            is("2026-03-29", "2026-03-28T22:00:00Z")
        );
        // They go from 23:00 to 24:00 in Nuuk.
        assert_eq!(
            due("America/Nuuk", 23, "2024-03-30T12:00:00Z"),
            is("2024-03-30", "2024-03-31T01:00:00Z")
        );
        assert_eq!(
            due("America/Nuuk", 23, "2024-03-31T01:00:00Z"),
            is("2024-03-31", "2024-04-01T00:00:00Z")
        );
        // Samoa had no 30 December 2011.
        assert_eq!(
            due("Pacific/Apia", 7, "2011-12-29T18:00:00Z"),
            is("2011-12-31", "2011-12-30T17:00:00Z")
        );
    }

    proptest! {
        /// Whoever asks for the next after the last gets every date once, in order, at their hour
        /// or, where clocks leave that out, right after.
        #[test]
        fn there_is_one_digest_a_date(
            zone in prop::sample::select(&chrono_tz::TZ_VARIANTS[..]),
            hour in 0_u8..24,
            start in 1_500_000_000_i64..2_000_000_000,
        ) {
            // Two hours at once are left out at Troll.
            let left_out = TimeDelta::hours(if zone.name() == "Antarctica/Troll" { 2 } else { 1 });
            let zone: TimeZone = zone.name().parse().unwrap();
            let start = DateTime::from_timestamp(start, 0).unwrap();
            let mut last = next_digest(zone, hour, start);
            prop_assert!(last.due_at > start);
            prop_assert!(last.due_at - start <= TimeDelta::hours(50));
            for _ in 0..200 {
                let next = next_digest(zone, hour, last.due_at);
                prop_assert!(next.due_at > last.due_at);
                prop_assert_eq!(next.date, last.date + Days::new(1), "{} {}", zone, hour);
                let local = zone.local(next.due_at);
                let wanted = next.date.and_time(NaiveTime::from_hms_opt(hour.into(), 0, 0).unwrap());
                // Where the last hour is left out it is midnight, which is of the next date.
                let midnight = (next.date + Days::new(1)).and_time(NaiveTime::MIN);
                prop_assert!(local.date() == next.date || local == midnight, "{} {}", zone, hour);
                prop_assert!(local >= wanted && local - wanted <= left_out, "{} {}", zone, hour);
                last = next;
            }
        }

        /// Two events of the same day are told in the same digest.
        #[test]
        fn what_comes_before_the_same_hour_comes_together(
            zone in prop::sample::select(&chrono_tz::TZ_VARIANTS[..]),
            hour in 0_u8..24,
            start in 1_500_000_000_i64..2_000_000_000,
            share in 0.0_f64..1.0,
        ) {
            let zone: TimeZone = zone.name().parse().unwrap();
            let start = DateTime::from_timestamp(start, 0).unwrap();
            let digest = next_digest(zone, hour, start);
            let left = (digest.due_at - start).num_seconds() - 1;
            let later = start + TimeDelta::seconds((left as f64 * share) as i64);
            prop_assert_eq!(next_digest(zone, hour, later), digest);
        }
    }
}
