//! When what happened to one thing has settled, so that one mail can tell all of it.

use chrono::{DateTime, TimeDelta, Utc};

/// A thing that changes all the time is told of after so many delays.
const MOST_DELAYS: i32 = 5;

/// Whether it is time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is.
    Now,
    /// Not before then.
    NotBefore(DateTime<Utc>),
}

/// Whether what began to happen at `first`, and happened for the last time at `last`, has settled:
/// nothing came for a delay, or it goes on for five.
#[must_use]
pub fn settle(
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    delay: TimeDelta,
    now: DateTime<Utc>,
) -> Settled {
    let due = (last + delay).min(first + delay * MOST_DELAYS);
    if due <= now {
        Settled::Now
    } else {
        Settled::NotBefore(due)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_quiet_delay_settles_and_so_does_a_long_unrest() {
        let delay = TimeDelta::seconds(120);
        assert_eq!(
            settle(at(0), at(0), delay, at(119)),
            Settled::NotBefore(at(120))
        );
        assert_eq!(settle(at(0), at(0), delay, at(120)), Settled::Now);
        assert_eq!(
            settle(at(0), at(100), delay, at(120)),
            Settled::NotBefore(at(220))
        );
        assert_eq!(
            settle(at(0), at(599), delay, at(599)),
            Settled::NotBefore(at(600))
        );
        assert_eq!(settle(at(0), at(599), delay, at(600)), Settled::Now);
    }

    proptest! {
        /// Looking again when told to is looking often enough, never for ever, and nothing is told
        /// before it is a delay old unless the unrest is long.
        #[test]
        fn mail_waits_a_delay_and_no_longer_than_five(
            delay in 0_i64..3600,
            mut gaps in prop::collection::vec(0_i64..3600, 0..40),
        ) {
            let delay = TimeDelta::seconds(delay);
            let mut events = vec![at(0)];
            gaps.sort_unstable();
            for gap in gaps {
                events.push(*events.last().unwrap() + TimeDelta::seconds(gap));
            }
            let (first, mut look) = (events[0], events[0] + delay);
            for _ in 0..events.len() + 1 {
                let last = *events.iter().rfind(|event| **event <= look).unwrap();
                match settle(first, last, delay, look) {
                    Settled::Now => break,
                    Settled::NotBefore(then) => {
                        prop_assert!(then > look);
                        look = then;
                    }
                }
            }
            let last = *events.iter().rfind(|event| **event <= look).unwrap();
            prop_assert_eq!(settle(first, last, delay, look), Settled::Now);
            prop_assert!(look >= first + delay && look <= first + delay * MOST_DELAYS);
            prop_assert!(look - last >= delay || look == first + delay * MOST_DELAYS);
        }
    }
}
