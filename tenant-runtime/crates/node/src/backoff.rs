//! Waiting between attempts: longer each time, never in step with other nodes.

use std::time::Duration;

use rand::Rng as _;

/// Delays from `first` doubling up to `longest`, each shortened at random by up to half.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            next: first,
        }
    }

    /// The next attempt succeeded: start over.
    pub(crate) const fn reset(&mut self) {
        self.next = self.first;
    }

    /// How long to wait before the next attempt.
    pub(crate) fn delay(&mut self) -> Duration {
        let full = self.next;
        self.next = (full * 2).min(self.longest);
        full.mul_f64(rand::rng().random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        for full in [100, 200, 400, 800, 1000, 1000] {
            let delay = backoff.delay().as_millis();
            assert!((full / 2..=full).contains(&delay), "{delay} of {full}");
        }
        backoff.reset();
        assert!(backoff.delay() <= Duration::from_millis(100));
    }
}
