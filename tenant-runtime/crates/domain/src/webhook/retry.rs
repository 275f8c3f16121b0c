//! When a delivery that failed is tried again: the schedule that Standard Webhooks recommends.

use chrono::{DateTime, TimeDelta, Utc};

/// Seconds from one attempt to the next; about three days in all.
const DELAYS: [i64; 9] = [
    5,
    5 * 60,
    30 * 60,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
];
const HOUR: i64 = 60 * 60;

/// How often a delivery is tried.
#[expect(clippy::cast_possible_truncation, reason = "there are ten")]
pub const ATTEMPTS: u16 = DELAYS.len() as u16 + 1;

/// The longest that a receiver may ask us to wait.
const LONGEST_WISH: TimeDelta = TimeDelta::hours(24);
/// A receiver that took nothing for so long is given up.
const PATIENCE: TimeDelta = TimeDelta::days(5);

/// When to try again after so many failed attempts; none when that was the last. `asked` is the
/// receiver's wish, `chance` (0 to 1) spreads those that failed together over a fifth more.
#[must_use]
pub fn retry_in(attempts: u16, asked: Option<TimeDelta>, chance: f64) -> Option<TimeDelta> {
    let place = usize::from(attempts.checked_sub(1)?);
    let seconds = *DELAYS.get(place)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a day has few milliseconds"
    )]
    let millis = (seconds as f64 * 1000.0 * 0.2f64.mul_add(chance.clamp(0.0, 1.0), 1.0)) as i64;
    let asked = asked.unwrap_or_default().min(LONGEST_WISH);
    Some(TimeDelta::milliseconds(millis).max(asked))
}

/// Whether a receiver that has been failing since then is given up.
#[must_use]
pub fn is_given_up(failing_since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - failing_since >= PATIENCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_attempts_over_three_days() {
        let delays: Vec<_> = (1..=ATTEMPTS)
            .map_while(|attempts| retry_in(attempts, None, 0.0))
            .collect();
        assert_eq!(delays.len() + 1, 10);
        let total: TimeDelta = delays.iter().sum();
        assert!(
            (TimeDelta::days(3)..TimeDelta::days(4)).contains(&total),
            "{total}"
        );
        assert_eq!(retry_in(ATTEMPTS, Some(TimeDelta::hours(1)), 0.0), None);
        assert_eq!(retry_in(0, None, 0.0), None);
    }

    #[test]
    fn a_wish_is_heard_within_bounds_and_chance_only_adds() {
        let after = |asked: i64| retry_in(1, Some(TimeDelta::seconds(asked)), 0.0);
        assert_eq!(after(60), Some(TimeDelta::seconds(60)));
        assert_eq!(after(1), Some(TimeDelta::seconds(5)));
        assert_eq!(after(-9), Some(TimeDelta::seconds(5)));
        assert_eq!(after(10_000_000), Some(TimeDelta::hours(24)));
        assert_eq!(retry_in(1, None, 1.0), Some(TimeDelta::seconds(6)));
    }
}
