use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const BERLIN: Tz = Tz::Europe__Berlin;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

const fn berlin(hour: u32, minute: u32) -> Schedule {
    Schedule::Daily {
        hour,
        minute,
        zone: BERLIN,
    }
}

#[test]
fn slots_of_minutes_begin_with_the_hour() {
    let hourly = Schedule::Every { minutes: 60 };
    assert_eq!(
        hourly.last(at("2026-11-23T10:00:00Z")),
        at("2026-11-23T10:00:00Z")
    );
    assert_eq!(
        hourly.next(at("2026-11-23T10:00:00Z")),
        at("2026-11-23T11:00:00Z")
    );
    assert_eq!(
        hourly.last(at("2026-11-23T10:59:59.5Z")),
        at("2026-11-23T10:00:00Z")
    );
}

#[test]
fn clocks_that_are_put_forward_over_the_time_do_not_lose_the_day() {
    // On 29 March 2026 it is 01:59 in Berlin, then 03:00.
    let slot = berlin(2, 30).next(at("2026-03-28T12:00:00Z"));
    assert_eq!(slot, at("2026-03-29T01:00:00Z"));
    assert_eq!(berlin(2, 30).next(slot), at("2026-03-30T00:30:00Z"));
}

#[test]
fn a_time_that_comes_twice_counts_once() {
    // On 25 October 2026 it is 02:59 in Berlin, then 02:00 again.
    let slot = berlin(2, 30).next(at("2026-10-24T12:00:00Z"));
    assert_eq!(slot, at("2026-10-25T00:30:00Z"));
    assert_eq!(berlin(2, 30).last(at("2026-10-25T01:45:00Z")), slot);
    assert_eq!(berlin(2, 30).next(slot), at("2026-10-26T01:30:00Z"));
}

#[test]
fn it_is_told_in_words() {
    assert_eq!(Schedule::Every { minutes: 60 }.to_string(), "every hour");
    assert_eq!(
        Schedule::Every { minutes: 10 }.to_string(),
        "every 10 minutes"
    );
    assert_eq!(berlin(0, 5).to_string(), "daily at 00:05 Europe/Berlin");
}

proptest! {
    /// A leader looks every few minutes and takes the slot that began last, unless it has it. Over
    /// a year with both changes of the clock it has one on each local day.
    #[test]
    fn a_year_has_one_slot_a_day(
        (hour, minute) in (0..24_u32, 0..60_u32),
        pauses in prop::collection::vec(1..600_i64, 64),
    ) {
        let schedule = berlin(hour, minute);
        let (begin, end) = (at("2025-12-31T23:00:00Z"), at("2026-12-31T23:00:00Z"));
        let mut had = schedule.last(begin - TimeDelta::microseconds(1));
        let mut days = BTreeSet::new();
        let mut pauses = pauses.into_iter().cycle();
        let mut now = begin;
        while now < end {
            let due = schedule.last(now);
            prop_assert!(due <= now && schedule.next(now) > now);
            if due > had {
                had = due;
                prop_assert!(days.insert(due.with_timezone(&BERLIN).date_naive()));
            }
            let pause = TimeDelta::minutes(pauses.next().unwrap_or(1));
            now = (now + pause).min(schedule.next(now));
        }
        prop_assert_eq!(days.len(), 365);
    }

    /// Nothing lies between a slot and the next.
    #[test]
    fn last_and_next_are_neighbours(
        seconds in 0..2_000_000_000_i64,
        (hour, minute) in (0..24_u32, 0..60_u32),
        zone in prop::sample::select(vec![
            BERLIN, Tz::UTC, Tz::America__New_York, Tz::Australia__Lord_Howe, Tz::Asia__Kathmandu,
        ]),
    ) {
        let now = DateTime::from_timestamp(seconds, 0).unwrap();
        for schedule in [
            Schedule::Daily { hour, minute, zone },
            Schedule::Every { minutes: hour * 60 + minute + 1 },
        ] {
            let (last, next) = (schedule.last(now), schedule.next(now));
            prop_assert!(last <= now && now < next);
            prop_assert_eq!(schedule.last(next - TimeDelta::microseconds(1)), last);
            prop_assert_eq!(schedule.next(last), next);
        }
    }
}
