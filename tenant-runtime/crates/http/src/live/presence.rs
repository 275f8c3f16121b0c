//! What one does in grids, as the others are told: at most once a second and grid, the newest.

use std::{collections::BTreeMap, time::Duration};

use kernel::WorkItemId;
use tokio::time::Instant;
use tr_live::Presence;

/// How long nothing more is told after something was.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Told {
    state: Presence,
    at: Instant,
    /// What to tell once the pause is over.
    next: Option<Presence>,
}

/// What was told of each grid.
#[derive(Debug, Default)]
pub(super) struct Whereabouts(BTreeMap<WorkItemId, Told>);

impl Whereabouts {
    /// Notes what they do; tells whether the others are to hear of it now.
    pub(super) fn note(&mut self, grid: WorkItemId, state: Presence, now: Instant) -> bool {
        match self.0.get_mut(&grid) {
            Some(told) if now < told.at + PAUSE => {
                told.next = (state != told.state).then_some(state);
                false
            }
            _ => {
                let (at, next) = (now, None);
                self.0.insert(grid, Told { state, at, next });
                true
            }
        }
    }

    /// When there will be something to tell.
    pub(super) fn due(&self) -> Option<Instant> {
        let waiting = self.0.values().filter(|told| told.next.is_some());
        waiting.map(|told| told.at + PAUSE).min()
    }

    /// What is to be told now.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<(WorkItemId, Presence)> {
        let mut due = Vec::new();
        for (grid, told) in &mut self.0 {
            if now >= told.at + PAUSE
                && let Some(state) = told.next.take()
            {
                (told.state, told.at) = (state, now);
                due.push((*grid, state));
            }
        }
        due
    }

    /// Forgets a grid; tells whether the others think that they are there.
    pub(super) fn leave(&mut self, grid: WorkItemId) -> bool {
        let told = self.0.remove(&grid);
        told.is_some_and(|told| told.state != Presence::Left)
    }

    /// Forgets all grids; gives those where the others think that they are.
    pub(super) fn leave_all(&mut self) -> Vec<WorkItemId> {
        let all = std::mem::take(&mut self.0).into_iter();
        all.filter(|(_, told)| told.state != Presence::Left)
            .map(|(grid, _)| grid)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_told_once_a_second() {
        let grid = WorkItemId::from_uuid(uuid::Uuid::from_u128(1));
        let mut here = Whereabouts::default();
        let start = Instant::now();
        assert!(here.note(grid, Presence::Viewing, start));
        assert!(!here.note(grid, Presence::Viewing, start));
        assert_eq!(here.due(), None);
        assert!(!here.note(grid, Presence::Left, start));
        assert!(!here.note(grid, Presence::Typing, start));
        assert_eq!(here.due(), Some(start + PAUSE));
        assert_eq!(here.take_due(start), []);
        let later = start + PAUSE;
        assert_eq!(here.take_due(later), [(grid, Presence::Typing)]);
        assert_eq!((here.due(), here.take_due(later + PAUSE)), (None, vec![]));
        // The same after a while is told: others may have come.
        assert!(here.note(grid, Presence::Typing, later + PAUSE));
        assert_eq!(here.leave_all(), [grid]);
        assert!(!here.leave(grid));
    }
}
