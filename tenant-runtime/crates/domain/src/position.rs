//! Order among siblings: numbers with gaps, so that a move changes one row.

/// The gap between two neighbours that were never moved.
pub const GAP: i64 = 1024;

/// The position after the last sibling.
#[must_use]
pub const fn after_last(last: Option<i64>) -> i64 {
    match last {
        Some(last) => last + GAP,
        None => GAP,
    }
}

/// A position between two neighbours; `None` when there is no room and all must be renumbered.
#[must_use]
pub const fn between(before: Option<i64>, after: Option<i64>) -> Option<i64> {
    match (before, after) {
        (None, None) => Some(GAP),
        (Some(before), None) => Some(before + GAP),
        (None, Some(after)) => Some(after - GAP),
        (Some(before), Some(after)) if after - before > 1 => Some(before + (after - before) / 2),
        _ => None,
    }
}

/// The position of the n-th sibling (from 0) after renumbering.
#[must_use]
pub fn nth(index: usize) -> i64 {
    i64::try_from(index)
        .unwrap_or(i64::MAX / GAP - 1)
        .saturating_add(1)
        .saturating_mul(GAP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_until_there_is_none() {
        assert_eq!(between(Some(1024), Some(2048)), Some(1536));
        assert_eq!(between(Some(7), Some(8)), None);
        assert_eq!(between(None, Some(1024)), Some(0));
        assert_eq!(after_last(None), nth(0));
    }
}
