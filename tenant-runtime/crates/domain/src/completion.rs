//! When things are complete, and who may say so.

use kernel::MemberId;

use crate::access::Level;
use crate::rollup::Counters;
use crate::words::{ElementType, GateOutcome, WorkItemKind};

/// Why an item is not completed or reopened now; a fact about it, not about the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Hindrance {
    /// Grids, stages and themes roll up; elements with tasks follow them.
    #[error("it completes by what is in it")]
    FollowsContent,
    /// Information.
    #[error("information is never completed")]
    NeverCompleted,
    /// The task asks for evidence and has no file.
    #[error("the task requires evidence and has no file yet")]
    EvidenceMissing,
    /// A gate with open tasks, and no note that says why not.
    #[error(
        "the gate has open tasks: complete them, or say in `note` why it is decided without them"
    )]
    TasksOpen,
    /// The gate was decided otherwise.
    #[error("the gate is decided; reopen it to decide again")]
    AlreadyDecided,
}

/// What completion depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completable {
    /// The kind.
    pub kind: WorkItemKind,
    /// Of elements.
    pub element_type: Option<ElementType>,
    /// Of tasks.
    pub evidence_required: bool,
    /// Files that the task has.
    pub files: u32,
    /// Whether it is complete.
    pub completed: bool,
    /// Of gates.
    pub outcome: Option<GateOutcome>,
    /// The counters of its tasks.
    pub tasks: Counters,
    /// Who it is assigned to.
    pub assignee: Option<MemberId>,
}

impl Completable {
    /// Whether a member with this level may complete and reopen it. A gate is decided by its
    /// assignee or an editor: nobody decides because nobody was asked.
    #[must_use]
    pub fn may_complete(&self, member: MemberId, level: Level) -> bool {
        let own = self.assignee == Some(member);
        let free = self.assignee.is_none() && self.kind != WorkItemKind::Gate;
        level >= Level::Edit || own || free
    }

    /// Whether the item is completed by a person at all.
    ///
    /// # Errors
    /// When it follows what is in it, or is information.
    pub fn by_person(&self) -> Result<(), Hindrance> {
        match (self.kind, self.element_type) {
            (WorkItemKind::Task | WorkItemKind::Gate, _)
            | (WorkItemKind::Element, Some(ElementType::Checkable)) => Ok(()),
            (WorkItemKind::Element, Some(ElementType::Information)) => {
                Err(Hindrance::NeverCompleted)
            }
            _ => Err(Hindrance::FollowsContent),
        }
    }

    /// Whether it can be completed now; `false` when it is so already.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn check_complete(
        &self,
        outcome: Option<GateOutcome>,
        has_note: bool,
    ) -> Result<bool, Hindrance> {
        self.by_person()?;
        if self.completed {
            let same = self.kind != WorkItemKind::Gate || self.outcome == outcome;
            return if same {
                Ok(false)
            } else {
                Err(Hindrance::AlreadyDecided)
            };
        }
        if self.evidence_required && self.files == 0 {
            return Err(Hindrance::EvidenceMissing);
        }
        let open = self.tasks.leaves > 0 && !self.tasks.all_done();
        if self.kind == WorkItemKind::Gate && open && !has_note {
            return Err(Hindrance::TasksOpen);
        }
        Ok(true)
    }
}

/// Whether an element of this type is complete by its tasks; `None` where tasks do not decide.
#[must_use]
pub fn settled(
    kind: WorkItemKind,
    element_type: Option<ElementType>,
    tasks: Counters,
) -> Option<bool> {
    (kind == WorkItemKind::Element && element_type == Some(ElementType::WithTasks))
        .then(|| tasks.all_done())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn item(kind: WorkItemKind, element_type: Option<ElementType>) -> Completable {
        Completable {
            kind,
            element_type,
            evidence_required: false,
            files: 0,
            completed: false,
            outcome: None,
            tasks: Counters::ZERO,
            assignee: None,
        }
    }

    #[test]
    fn each_kind_completes_in_its_way() {
        use WorkItemKind::*;
        let complete = |item: Completable| item.check_complete(None, false);
        for kind in [Grid, Stage, Theme] {
            assert_eq!(complete(item(kind, None)), Err(Hindrance::FollowsContent));
        }
        let element = |t| complete(item(Element, Some(t)));
        assert_eq!(
            element(ElementType::WithTasks),
            Err(Hindrance::FollowsContent)
        );
        assert_eq!(
            element(ElementType::Information),
            Err(Hindrance::NeverCompleted)
        );
        assert_eq!(element(ElementType::Checkable), Ok(true));
        assert_eq!(complete(item(Task, None)), Ok(true));
        let evidence = Completable {
            evidence_required: true,
            ..item(Task, None)
        };
        assert_eq!(complete(evidence), Err(Hindrance::EvidenceMissing));
        assert_eq!(
            complete(Completable {
                completed: true,
                ..item(Task, None)
            }),
            Ok(false)
        );
    }

    #[test]
    fn a_gate_waits_for_its_tasks_unless_told_why_not() {
        let tasks = Counters::leaf(true, None).plus(Counters::leaf(false, None));
        let gate = Completable {
            tasks,
            ..item(WorkItemKind::Gate, None)
        };
        let proceed = Some(GateOutcome::Proceed);
        assert_eq!(
            gate.check_complete(proceed, false),
            Err(Hindrance::TasksOpen)
        );
        assert_eq!(gate.check_complete(proceed, true), Ok(true));
        let decided = Completable {
            completed: true,
            outcome: proceed,
            ..gate
        };
        assert_eq!(decided.check_complete(proceed, false), Ok(false));
        assert_eq!(
            decided.check_complete(Some(GateOutcome::Stop), true),
            Err(Hindrance::AlreadyDecided)
        );
    }

    #[test]
    fn viewers_complete_their_own_and_what_is_nobodys() {
        let (me, other) = (
            MemberId::from_uuid(Uuid::from_u128(1)),
            MemberId::from_uuid(Uuid::from_u128(2)),
        );
        let task = item(WorkItemKind::Task, None);
        assert!(task.may_complete(me, Level::View));
        let theirs = Completable {
            assignee: Some(other),
            ..task
        };
        assert!(!theirs.may_complete(me, Level::View));
        assert!(theirs.may_complete(other, Level::View));
        assert!(theirs.may_complete(me, Level::Edit));
        let gate = item(WorkItemKind::Gate, None);
        assert!(!gate.may_complete(me, Level::View));
        assert!(
            Completable {
                assignee: Some(me),
                ..gate
            }
            .may_complete(me, Level::View)
        );
    }
}
