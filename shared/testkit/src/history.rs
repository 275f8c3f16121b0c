//! A checker of histories: whoever reads a number that only grows may never see less than what was
//! acknowledged to its writer before the read began.

/// A read of a number that only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// What was acknowledged to a writer before the read began.
    pub acknowledged: u64,
    /// What the read saw.
    pub seen: u64,
}

/// How many reads saw less than they had to.
#[must_use]
pub fn stale(history: &[Read]) -> usize {
    history
        .iter()
        .filter(|read| read.seen < read.acknowledged)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_is_stale_and_newer_is_not() {
        let history = [(3, 3), (3, 4), (4, 3), (0, 0), (9, 1)];
        let history = history.map(|(acknowledged, seen)| Read { acknowledged, seen });
        assert_eq!(stale(&history), 2);
        assert_eq!(stale(&[]), 0);
    }
}
