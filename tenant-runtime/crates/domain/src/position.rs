//! Order among siblings: numbers with gaps, so that a move changes one row.

/// The gap between two neighbours that were never moved.
pub const GAP: i64 = 1024;

/// The least gap between siblings that were renumbered, so that there is room for some moves.
const ROOM: i64 = 16;

/// The position after the last sibling.
#[must_use]
pub const fn after_last(last: Option<i64>) -> i64 {
    match last {
        Some(last) => last + GAP,
        None => GAP,
    }
}

/// A position for one that comes between its siblings, and the siblings that make room for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// Its position.
    pub position: i64,
    /// The siblings that get another position since there is no room, by their index.
    pub renumbered: Vec<(usize, i64)>,
}

/// The spot at `index` among siblings, whose positions are in order. Where there is no room, as few
/// as possible are renumbered: each of them changes, and somebody may be looking at it.
#[must_use]
pub fn spot(siblings: &[i64], index: usize) -> Spot {
    if let Some(position) = between(bounds(siblings, index, index)) {
        return Spot {
            position,
            renumbered: Vec::new(),
        };
    }
    let mut reach = 1;
    loop {
        let from = index.saturating_sub(reach);
        let to = siblings.len().min(index.saturating_add(reach));
        if let Some(found) = spread(siblings, index, from, to) {
            return found;
        }
        reach = reach.saturating_mul(2);
    }
}

/// The positions before and after those that are renumbered.
fn bounds(siblings: &[i64], from: usize, to: usize) -> (Option<i64>, Option<i64>) {
    let before = from.checked_sub(1).and_then(|last| siblings.get(last));
    (before.copied(), siblings.get(to).copied())
}

/// A position between two neighbours; `None` when there is no room.
const fn between(neighbours: (Option<i64>, Option<i64>)) -> Option<i64> {
    match neighbours {
        (None, None) => Some(GAP),
        (Some(before), None) => Some(before + GAP),
        (None, Some(after)) => Some(after - GAP),
        (Some(before), Some(after)) if after - before > 1 => Some(before + (after - before) / 2),
        _ => None,
    }
}

/// Puts the siblings in this range and the one that comes as far apart as the ones around them
/// allow; `None` when that is not far enough. At either end there is always room.
fn spread(siblings: &[i64], index: usize, from: usize, to: usize) -> Option<Spot> {
    let gaps = i64::try_from(to - from + 2).unwrap_or(i64::MAX);
    let (start, gap) = match bounds(siblings, from, to) {
        (Some(before), Some(after)) => (before, (after - before) / gaps),
        (Some(before), None) => (before, GAP),
        (None, Some(after)) => (after.saturating_sub(gaps.saturating_mul(GAP)), GAP),
        (None, None) => (0, GAP),
    };
    if gap < ROOM {
        return None;
    }
    let positions = (1..gaps).map(|n| start.saturating_add(n.saturating_mul(gap)));
    let mut found = Spot {
        position: start,
        renumbered: Vec::new(),
    };
    for (place, position) in (from..=to).zip(positions) {
        if place == index {
            found.position = position;
            continue;
        }
        let at = if place < index { place } else { place - 1 };
        if siblings.get(at) != Some(&position) {
            found.renumbered.push((at, position));
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn there_is_room_until_there_is_none() {
        let at = |siblings: &[i64], index| {
            let Spot {
                position,
                renumbered,
            } = spot(siblings, index);
            (position, renumbered)
        };
        assert_eq!(at(&[1024, 2048], 1), (1536, vec![]));
        assert_eq!(at(&[1024], 0), (0, vec![]));
        assert_eq!(at(&[1024], 1), (2048, vec![]));
        assert_eq!(at(&[], 0), (after_last(None), vec![]));
        assert_eq!(at(&[7, 8], 1), (2048, vec![(0, 1024), (1, 3072)]));
        let crowded = [0, 1024, 2048, 2049, 3072, 4096];
        assert_eq!(at(&crowded, 3), (2048, vec![(2, 1536), (3, 2560)]));
    }

    proptest! {
        #[test]
        fn everybody_stays_in_order_and_nobody_changes_for_nothing(
            mut siblings in prop::collection::vec(-40_i64..40, 0..40),
            wide in prop::bool::ANY,
            at in any::<prop::sample::Index>(),
        ) {
            siblings.sort_unstable();
            if wide {
                siblings.iter_mut().for_each(|position| *position *= 9);
            }
            let index = at.index(siblings.len() + 1);
            let Spot { position, renumbered } = spot(&siblings, index);
            let mut all = siblings.clone();
            for (at, position) in renumbered {
                prop_assert_ne!(all[at], position);
                all[at] = position;
            }
            all.insert(index, position);
            // Two that came back may stand where others stand; nobody else does.
            let (before, after) = all.split_at(index);
            prop_assert!(before.is_sorted() && after.is_sorted(), "{:?}", all);
            prop_assert!(before.iter().all(|other| *other < position), "{:?}", all);
            prop_assert!(after.iter().skip(1).all(|other| *other > position), "{:?}", all);
        }
    }
}
