//! Links from a predecessor to a successor: what may be linked, and that no circle closes.

use std::collections::{BTreeMap, BTreeSet};

use kernel::WorkItemId;

use crate::words::{ElementType, WorkItemKind};

/// The longest lag, either way: ten years of minutes.
pub const MAX_LAG_MINUTES: i32 = 5_256_000;

/// Whether items of this kind can be scheduled, and so be linked.
#[must_use]
pub fn schedulable(kind: WorkItemKind, element_type: Option<ElementType>) -> bool {
    match kind {
        WorkItemKind::Stage | WorkItemKind::Gate | WorkItemKind::Task => true,
        WorkItemKind::Element => element_type != Some(ElementType::Information),
        WorkItemKind::Grid | WorkItemKind::Theme => false,
    }
}

/// Whether a link from `predecessor` to `successor` would close a circle with the known ones.
#[must_use]
pub fn closes_circle(
    edges: &[(WorkItemId, WorkItemId)],
    predecessor: WorkItemId,
    successor: WorkItemId,
) -> bool {
    if predecessor == successor {
        return true;
    }
    let mut next: BTreeMap<WorkItemId, Vec<WorkItemId>> = BTreeMap::new();
    for (from, to) in edges {
        next.entry(*from).or_default().push(*to);
    }
    let mut seen = BTreeSet::from([successor]);
    let mut waiting = vec![successor];
    while let Some(item) = waiting.pop() {
        for to in next.get(&item).into_iter().flatten() {
            if *to == predecessor {
                return true;
            }
            if seen.insert(*to) {
                waiting.push(*to);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn id(n: u8) -> WorkItemId {
        WorkItemId::from_uuid(Uuid::from_u128(u128::from(n)))
    }

    /// Whether the edges can be put in an order: take away what nothing leads to, until nothing is left.
    fn is_acyclic(edges: &[(WorkItemId, WorkItemId)]) -> bool {
        let mut edges = edges.to_vec();
        loop {
            let targets: BTreeSet<_> = edges.iter().map(|(_, to)| *to).collect();
            let before = edges.len();
            edges.retain(|(from, _)| targets.contains(from));
            if edges.is_empty() || edges.len() == before {
                return edges.is_empty();
            }
        }
    }

    proptest! {
        #[test]
        fn a_graph_grown_by_the_rule_never_has_a_circle(
            wanted in prop::collection::vec((0_u8..8, 0_u8..8), 0..40),
        ) {
            let mut edges = Vec::new();
            for (from, to) in wanted {
                let mut with = edges.clone();
                with.push((id(from), id(to)));
                prop_assert_eq!(closes_circle(&edges, id(from), id(to)), !is_acyclic(&with));
                if !closes_circle(&edges, id(from), id(to)) {
                    edges = with;
                }
            }
        }
    }
}
