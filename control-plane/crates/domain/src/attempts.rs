//! The growing delay after failed attempts. Nobody is ever locked out: the delay has a cap, and
//! where an attacker could use it against somebody (everything keyed by the account alone) the cap
//! is low.

use chrono::{DateTime, TimeDelta, Utc};

/// How fast the delay of a counter grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelayPolicy {
    /// Attempts that cost nothing.
    pub free: u32,
    /// The delay after the first one that does; doubled by each further one.
    pub base_ms: u32,
    /// The longest delay.
    pub cap_ms: u32,
    /// How long a counter is remembered after its last attempt.
    pub memory_ms: u32,
}

const MINUTE_MS: u32 = 60_000;

impl DelayPolicy {
    /// One account from one address: where guessing happens.
    pub const ACCOUNT_AT_ADDRESS: Self = Self {
        free: 5,
        base_ms: 1_000,
        cap_ms: 15 * MINUTE_MS,
        memory_ms: 24 * 60 * MINUTE_MS,
    };
    /// One account from anywhere: slows down who has many addresses, and barely its owner.
    pub const ACCOUNT: Self = Self {
        free: 20,
        base_ms: 500,
        cap_ms: 30_000,
        memory_ms: 60 * MINUTE_MS,
    };
    /// One address with any account: slows down who tries many.
    pub const ADDRESS: Self = Self {
        free: 100,
        base_ms: 500,
        cap_ms: MINUTE_MS,
        memory_ms: 60 * MINUTE_MS,
    };
    /// Different accounts tried in vain from one address: the mark of stolen pairs.
    pub const ACCOUNTS_OF_ADDRESS: Self = Self {
        free: 30,
        base_ms: 2_000,
        cap_ms: 15 * MINUTE_MS,
        memory_ms: 60 * MINUTE_MS,
    };
    /// The second factor of one account.
    pub const SECOND_FACTOR: Self = Self {
        free: 4,
        base_ms: 2_000,
        cap_ms: 15 * MINUTE_MS,
        memory_ms: 24 * 60 * MINUTE_MS,
    };

    /// The delay after this many attempts.
    #[must_use]
    pub fn delay_ms(&self, attempts: u32) -> u32 {
        let Some(beyond) = attempts.checked_sub(self.free + 1) else {
            return 0;
        };
        let factor = 1_u32.checked_shl(beyond).unwrap_or(u32::MAX);
        self.base_ms.saturating_mul(factor).min(self.cap_ms)
    }
}

/// A counter of attempts. An attempt counts before it is made, so that parallel ones are seen; a
/// success takes it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AttemptCounter {
    /// Attempts that have not succeeded.
    pub attempts: u32,
    /// When the next one is allowed.
    pub open_at: DateTime<Utc>,
}

impl AttemptCounter {
    /// How long an attempt now would have to wait; zero when it may be made.
    #[must_use]
    pub fn wait(&self, now: DateTime<Utc>) -> TimeDelta {
        (self.open_at - now).max(TimeDelta::zero())
    }

    /// The counter after one more attempt.
    #[must_use]
    pub fn attempted(self, now: DateTime<Utc>, policy: &DelayPolicy) -> Self {
        let attempts = self.attempts.saturating_add(1);
        let delay = TimeDelta::milliseconds(i64::from(policy.delay_ms(attempts)));
        Self {
            attempts,
            open_at: now + delay,
        }
    }

    /// The counter after an attempt turned out to be right.
    #[must_use]
    pub fn succeeded(self, now: DateTime<Utc>) -> Self {
        Self {
            attempts: self.attempts.saturating_sub(1),
            open_at: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_delay_grows_up_to_its_cap(attempts in 0_u32..200) {
            for policy in [
                DelayPolicy::ACCOUNT_AT_ADDRESS, DelayPolicy::ACCOUNT, DelayPolicy::ADDRESS,
                DelayPolicy::SECOND_FACTOR, DelayPolicy::ACCOUNTS_OF_ADDRESS,
            ] {
                let (now, next) = (policy.delay_ms(attempts), policy.delay_ms(attempts + 1));
                prop_assert!(now <= next && next <= policy.cap_ms);
                prop_assert_eq!(now == 0, attempts <= policy.free);
            }
        }
    }

    #[test]
    fn an_attempt_waits_and_a_success_takes_it_back() {
        let policy = DelayPolicy {
            free: 1,
            base_ms: 1_000,
            cap_ms: 4_000,
            memory_ms: 10_000,
        };
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let first = AttemptCounter::default().attempted(now, &policy);
        assert_eq!(first.wait(now), TimeDelta::zero());
        let second = first.attempted(now, &policy);
        assert_eq!(second.wait(now), TimeDelta::seconds(1));
        assert_eq!(second.succeeded(now).wait(now), TimeDelta::zero());
        assert_eq!(second.succeeded(now).attempts, 1);
    }
}
