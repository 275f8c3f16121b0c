//! Progress: completed leaves over completable leaves, by duration where every leaf has one.
//!
//! Every parent carries counters of the leaves below it. They are kept by adding the difference
//! that a change makes; [`recompute`] gives the same numbers from nothing.

use std::collections::BTreeMap;

use kernel::WorkItemId;

use crate::words::{ElementType, WorkItemKind};

/// Counters of completable leaves; as a difference they may be negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Completable leaves.
    pub leaves: i64,
    /// The completed ones.
    pub done: i64,
    /// The ones without a duration.
    pub unsized_leaves: i64,
    /// Minutes of those that have one.
    pub weight: i64,
    /// Minutes of the completed ones.
    pub weight_done: i64,
}

impl Counters {
    /// Nothing.
    pub const ZERO: Self = Self {
        leaves: 0,
        done: 0,
        unsized_leaves: 0,
        weight: 0,
        weight_done: 0,
    };

    /// One leaf.
    #[must_use]
    pub fn leaf(done: bool, minutes: Option<u32>) -> Self {
        let weight = i64::from(minutes.unwrap_or(0));
        Self {
            leaves: 1,
            done: i64::from(done),
            unsized_leaves: i64::from(minutes.is_none()),
            weight,
            weight_done: if done { weight } else { 0 },
        }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            leaves: self.leaves + other.leaves,
            done: self.done + other.done,
            unsized_leaves: self.unsized_leaves + other.unsized_leaves,
            weight: self.weight + other.weight,
            weight_done: self.weight_done + other.weight_done,
        }
    }

    /// What it takes to come here from `other`.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self {
            leaves: self.leaves - other.leaves,
            done: self.done - other.done,
            unsized_leaves: self.unsized_leaves - other.unsized_leaves,
            weight: self.weight - other.weight,
            weight_done: self.weight_done - other.weight_done,
        }
    }

    /// Whether there is nothing to add.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// Whether there are leaves and all are done.
    #[must_use]
    pub const fn all_done(self) -> bool {
        self.leaves > 0 && self.done == self.leaves
    }

    /// Progress from 0 to 1, to four decimals; 0 where nothing can be completed.
    #[must_use]
    pub fn ratio(self) -> f64 {
        let by_weight = self.unsized_leaves == 0 && self.weight > 0;
        let (part, whole) = if by_weight {
            (self.weight_done, self.weight)
        } else {
            (self.done, self.leaves)
        };
        if whole <= 0 {
            return 0.0;
        }
        // Rounded down, so that only what is all done shows as 1.
        let ten_thousandths = part.saturating_mul(10_000) / whole;
        f64::from(u32::try_from(ten_thousandths).unwrap_or(0)) / 10_000.0
    }
}

/// What an item's own row says that matters to roll-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The kind.
    pub kind: WorkItemKind,
    /// Of elements.
    pub element_type: Option<ElementType>,
    /// Whether it is complete.
    pub completed: bool,
    /// Its duration.
    pub minutes: Option<u32>,
}

impl Part {
    /// What the item adds to its stage, theme and grid (a task: to its element or gate), given the
    /// counters below it. A gate without tasks is a milestone: a leaf of no duration.
    #[must_use]
    pub fn contribution(self, below: Counters) -> Counters {
        match (self.kind, self.element_type) {
            (WorkItemKind::Task, _) | (WorkItemKind::Element, Some(ElementType::Checkable)) => {
                Counters::leaf(self.completed, self.minutes)
            }
            (WorkItemKind::Element, Some(ElementType::Information)) => Counters::ZERO,
            (WorkItemKind::Gate, _) if below.leaves == 0 => {
                Counters::leaf(self.completed, Some(self.minutes.unwrap_or(0)))
            }
            _ => below,
        }
    }

    /// The item's progress; none for what is never completed.
    #[must_use]
    pub fn progress(self, below: Counters) -> Option<f64> {
        if self.element_type == Some(ElementType::Information) {
            return None;
        }
        Some(self.contribution(below).ratio())
    }
}

/// One live item of a grid, for [`recompute`].
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// The item.
    pub id: WorkItemId,
    /// What matters of it.
    pub part: Part,
    /// Its parent.
    pub parent: Option<WorkItemId>,
    /// Its theme, for elements.
    pub theme: Option<WorkItemId>,
    /// Its grid.
    pub grid: WorkItemId,
}

/// The counters of every stage, theme, element, gate and the grid, from nothing.
#[must_use]
pub fn recompute(nodes: &[Node]) -> BTreeMap<WorkItemId, Counters> {
    let mut counters: BTreeMap<WorkItemId, Counters> = BTreeMap::new();
    let add = |counters: &mut BTreeMap<_, Counters>, to: WorkItemId, what: Counters| {
        let entry = counters.entry(to).or_default();
        *entry = entry.plus(what);
    };
    for node in nodes {
        if node.part.kind != WorkItemKind::Task {
            add(&mut counters, node.id, Counters::ZERO);
        } else if let Some(parent) = node.parent {
            add(
                &mut counters,
                parent,
                node.part.contribution(Counters::ZERO),
            );
        }
    }
    for node in nodes {
        if matches!(node.part.kind, WorkItemKind::Element | WorkItemKind::Gate) {
            let below = counters.get(&node.id).copied().unwrap_or_default();
            let what = node.part.contribution(below);
            for to in [node.parent, node.theme, Some(node.grid)]
                .into_iter()
                .flatten()
            {
                add(&mut counters, to, what);
            }
        }
    }
    counters
}

#[cfg(test)]
#[path = "rollup_tests.rs"]
mod tests;
