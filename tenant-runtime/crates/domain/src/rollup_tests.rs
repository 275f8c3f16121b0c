//! Counters kept by differences equal those computed from nothing, whatever happens to a grid.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn id(n: usize) -> WorkItemId {
    WorkItemId::from_uuid(Uuid::from_u128(n as u128))
}

#[derive(Debug, Clone)]
enum Change {
    Element {
        kind: u8,
        stage: usize,
        theme: usize,
    },
    Gate {
        stage: usize,
    },
    Task {
        in_: usize,
        minutes: Option<u32>,
    },
    Toggle {
        item: usize,
    },
    Resize {
        item: usize,
        minutes: Option<u32>,
    },
    Remove {
        item: usize,
    },
    MoveElement {
        item: usize,
        stage: usize,
        theme: usize,
    },
}

fn changes() -> impl Strategy<Value = Change> {
    let minutes = || prop::option::of(1_u32..600);
    prop_oneof![
        (0_u8..3, 0_usize..3, 0_usize..3).prop_map(|(kind, stage, theme)| Change::Element {
            kind,
            stage,
            theme
        }),
        (0_usize..3).prop_map(|stage| Change::Gate { stage }),
        (any::<usize>(), minutes()).prop_map(|(in_, minutes)| Change::Task { in_, minutes }),
        any::<usize>().prop_map(|item| Change::Toggle { item }),
        (any::<usize>(), minutes()).prop_map(|(item, minutes)| Change::Resize { item, minutes }),
        any::<usize>().prop_map(|item| Change::Remove { item }),
        (any::<usize>(), 0_usize..3, 0_usize..3)
            .prop_map(|(item, stage, theme)| Change::MoveElement { item, stage, theme }),
    ]
}

const GRID: usize = 0;
const STAGES: usize = 1;
const THEMES: usize = 4;

/// A grid that keeps its counters by differences, as the store does.
struct Model {
    nodes: Vec<Node>,
    kept: BTreeMap<WorkItemId, Counters>,
    next: usize,
}

impl Model {
    fn new() -> Self {
        let mut model = Self {
            nodes: vec![],
            kept: BTreeMap::new(),
            next: 7,
        };
        for n in 0..7 {
            let kind = match n {
                GRID => WorkItemKind::Grid,
                n if n < THEMES => WorkItemKind::Stage,
                _ => WorkItemKind::Theme,
            };
            model.insert(id(n), kind, None, (n != GRID).then(|| id(GRID)), None, None);
        }
        model
    }

    fn insert(
        &mut self,
        id_: WorkItemId,
        kind: WorkItemKind,
        element_type: Option<ElementType>,
        parent: Option<WorkItemId>,
        theme: Option<WorkItemId>,
        minutes: Option<u32>,
    ) {
        let part = Part {
            kind,
            element_type,
            completed: false,
            minutes,
        };
        self.nodes.push(Node {
            id: id_,
            part,
            parent,
            theme,
            grid: id(GRID),
        });
        self.kept.entry(id_).or_default();
    }

    fn contribution(&self, node: &Node) -> Counters {
        node.part.contribution(self.kept[&node.id])
    }

    /// Runs a change of an element or gate (or of a task in one) and passes the difference on.
    fn within(&mut self, owner: WorkItemId, change: impl FnOnce(&mut Self)) {
        let before = self.nodes.iter().find(|n| n.id == owner).copied();
        let was = before.map_or(Counters::ZERO, |n| self.contribution(&n));
        change(self);
        let after = self.nodes.iter().find(|n| n.id == owner).copied();
        let is = after.map_or(Counters::ZERO, |n| self.contribution(&n));
        for (node, what) in [(before, Counters::ZERO.minus(was)), (after, is)] {
            let Some(node) = node else { continue };
            for to in [node.parent, node.theme, Some(node.grid)]
                .into_iter()
                .flatten()
            {
                let entry = self.kept.entry(to).or_default();
                *entry = entry.plus(what);
            }
        }
    }

    fn pick(&self, n: usize, kinds: &[WorkItemKind]) -> Option<Node> {
        let fit: Vec<_> = self
            .nodes
            .iter()
            .filter(|n| kinds.contains(&n.part.kind))
            .collect();
        (!fit.is_empty()).then(|| *fit[n % fit.len()])
    }

    fn change_leaf(&mut self, node: Node, change: impl Fn(&mut Part)) {
        let owner = if node.part.kind == WorkItemKind::Task {
            node.parent.unwrap()
        } else {
            node.id
        };
        self.within(owner, |model| {
            let place = model.nodes.iter_mut().find(|n| n.id == node.id).unwrap();
            let was = place.part.contribution(Counters::ZERO);
            change(&mut place.part);
            let is = place.part.contribution(Counters::ZERO);
            if node.part.kind == WorkItemKind::Task {
                let entry = model.kept.entry(owner).or_default();
                *entry = entry.plus(is.minus(was));
            }
        });
    }

    fn apply(&mut self, change: &Change) {
        use WorkItemKind::{Element, Gate, Task};
        let new = id(self.next);
        self.next += 1;
        match *change {
            Change::Element { kind, stage, theme } => self.within(new, |model| {
                let element_type = ElementType::ALL[usize::from(kind)];
                let (stage, theme) = (id(STAGES + stage), id(THEMES + theme));
                model.insert(
                    new,
                    Element,
                    Some(element_type),
                    Some(stage),
                    Some(theme),
                    None,
                );
            }),
            Change::Gate { stage } => self.within(new, |model| {
                model.insert(new, Gate, None, Some(id(STAGES + stage)), None, None);
            }),
            Change::Task { in_, minutes } => {
                let Some(owner) = self.pick(in_, &[Element, Gate]) else {
                    return;
                };
                if matches!(owner.part.element_type, Some(t) if t != ElementType::WithTasks) {
                    return;
                }
                self.within(owner.id, |model| {
                    model.insert(new, Task, None, Some(owner.id), None, minutes);
                    let entry = model.kept.entry(owner.id).or_default();
                    *entry = entry.plus(Counters::leaf(false, minutes));
                });
            }
            Change::Toggle { item } => {
                if let Some(node) = self.pick(item, &[Task, Element, Gate]) {
                    self.change_leaf(node, |part| part.completed = !part.completed);
                }
            }
            Change::Resize { item, minutes } => {
                if let Some(node) = self.pick(item, &[Task, Element]) {
                    self.change_leaf(node, |part| part.minutes = minutes);
                }
            }
            Change::Remove { item } => {
                let Some(node) = self.pick(item, &[Task, Element, Gate]) else {
                    return;
                };
                if node.part.kind == Task {
                    let owner = node.parent.unwrap();
                    self.within(owner, |model| {
                        model.nodes.retain(|n| n.id != node.id);
                        let entry = model.kept.entry(owner).or_default();
                        *entry = entry.minus(node.part.contribution(Counters::ZERO));
                    });
                } else {
                    self.within(node.id, |model| {
                        model
                            .nodes
                            .retain(|n| n.id != node.id && n.parent != Some(node.id));
                    });
                }
            }
            Change::MoveElement { item, stage, theme } => {
                let Some(node) = self.pick(item, &[Element]) else {
                    return;
                };
                self.within(node.id, |model| {
                    let place = model.nodes.iter_mut().find(|n| n.id == node.id).unwrap();
                    place.parent = Some(id(STAGES + stage));
                    place.theme = Some(id(THEMES + theme));
                });
            }
        }
    }
}

proptest! {
    #[test]
    fn differences_equal_recomputation(changes in prop::collection::vec(changes(), 0..60)) {
        let mut model = Model::new();
        for change in &changes {
            model.apply(change);
            for (item, counters) in recompute(&model.nodes) {
                prop_assert_eq!(model.kept[&item], counters);
                prop_assert!((0.0..=1.0).contains(&counters.ratio()));
            }
        }
        let all = recompute(&model.nodes);
        let stages = (STAGES..THEMES).fold(Counters::ZERO, |sum, n| sum.plus(all[&id(n)]));
        prop_assert_eq!(all[&id(GRID)], stages);
    }
}

fn part(kind: WorkItemKind, element_type: Option<ElementType>, completed: bool) -> Part {
    Part {
        kind,
        element_type,
        completed,
        minutes: None,
    }
}

#[test]
fn durations_weigh_only_where_every_leaf_has_one() {
    let sized = Counters::leaf(true, Some(300)).plus(Counters::leaf(false, Some(100)));
    assert_eq!(sized.ratio(), 0.75);
    assert_eq!(sized.plus(Counters::leaf(false, None)).ratio(), 0.3333);
    assert_eq!(Counters::ZERO.ratio(), 0.0);
}

#[test]
fn a_gate_without_tasks_is_a_milestone_and_information_does_not_count() {
    let milestone = part(WorkItemKind::Gate, None, true);
    assert_eq!(
        milestone.contribution(Counters::ZERO),
        Counters::leaf(true, Some(0))
    );
    assert_eq!(milestone.progress(Counters::ZERO), Some(1.0));
    let tasks = Counters::leaf(false, None);
    assert_eq!(milestone.contribution(tasks), tasks);
    let information = part(WorkItemKind::Element, Some(ElementType::Information), false);
    assert_eq!(information.contribution(Counters::ZERO), Counters::ZERO);
    assert_eq!(information.progress(Counters::ZERO), None);
}
