//! How many messages of a client are taken: some at once, then ten a second. The others wait on the way,
//! unread.

use std::time::Duration;

use tokio::time::Instant;

/// How long it takes until one more is taken.
const PAUSE: Duration = Duration::from_millis(100);

/// What was taken of a client.
#[derive(Debug)]
pub(super) struct Rate {
    /// When as many may be taken at once as ever.
    even_at: Instant,
    /// How far away that may be.
    ahead: Duration,
}

impl Rate {
    /// So many are taken at once.
    pub(super) fn new(burst: u32, now: Instant) -> Self {
        Self {
            even_at: now,
            ahead: PAUSE * burst.saturating_sub(1),
        }
    }

    /// How long the next has to wait.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        self.even_at.saturating_duration_since(now + self.ahead)
    }

    /// One was taken.
    pub(super) fn take(&mut self, now: Instant) {
        self.even_at = self.even_at.max(now) + PAUSE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_are_taken_at_once_and_then_one_after_each_pause() {
        let start = Instant::now();
        let mut rate = Rate::new(3, start);
        for _ in 0..3 {
            assert_eq!(rate.wait(start), Duration::ZERO);
            rate.take(start);
        }
        assert_eq!(rate.wait(start), PAUSE);
        assert_eq!(rate.wait(start + PAUSE), Duration::ZERO);
        rate.take(start + PAUSE);
        assert_eq!(rate.wait(start + PAUSE), PAUSE);
        // However long the client was silent, no more than at the start.
        let later = start + PAUSE * 100;
        for _ in 0..3 {
            assert_eq!(rate.wait(later), Duration::ZERO);
            rate.take(later);
        }
        assert_eq!(rate.wait(later), PAUSE);
    }
}
