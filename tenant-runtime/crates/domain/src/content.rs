//! What people write into a work item: which fields each kind has, whether they go together, and
//! what changed between two versions.

use kernel::MemberId;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::event::FieldChange;
use crate::fault::Faults;
use crate::text::{ItemName, Prose};
use crate::time::LocalMinute;
use crate::words::{Constraint, ElementType, Rag, Scheduling, WorkItemKind};

/// The longest duration: ten years of minutes.
pub const MAX_MINUTES: u32 = 5_256_000;

/// The fields of a work item that people write, labels aside.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the contract")]
pub struct Content {
    pub name: ItemName,
    pub description: Prose,
    pub element_type: Option<ElementType>,
    pub assignee_id: Option<MemberId>,
    pub rag: Option<Rag>,
    pub start: Option<LocalMinute>,
    pub finish: Option<LocalMinute>,
    pub duration_minutes: Option<u32>,
    pub scheduling: Option<Scheduling>,
    pub constraint: Option<Constraint>,
    pub constraint_date: Option<LocalMinute>,
    pub deadline: Option<LocalMinute>,
    pub calendar_id: Option<Uuid>,
    pub actual_start: Option<LocalMinute>,
    pub actual_finish: Option<LocalMinute>,
    pub remaining_minutes: Option<u32>,
    pub evidence_required: Option<bool>,
}

/// A change of some of the fields; the outer `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the contract")]
pub struct ContentPatch {
    pub name: Option<String>,
    pub description: Option<String>,
    pub element_type: Option<ElementType>,
    pub assignee_id: Option<Option<MemberId>>,
    pub rag: Option<Option<Rag>>,
    pub start: Option<Option<LocalMinute>>,
    pub finish: Option<Option<LocalMinute>>,
    pub duration_minutes: Option<Option<u32>>,
    pub scheduling: Option<Scheduling>,
    pub constraint: Option<Option<Constraint>>,
    pub constraint_date: Option<Option<LocalMinute>>,
    pub deadline: Option<Option<LocalMinute>>,
    pub calendar_id: Option<Option<Uuid>>,
    pub actual_start: Option<Option<LocalMinute>>,
    pub actual_finish: Option<Option<LocalMinute>>,
    pub remaining_minutes: Option<Option<u32>>,
    pub evidence_required: Option<bool>,
}

impl Content {
    /// The content of a new item before anything is said: its defaults.
    #[must_use]
    fn blank(kind: WorkItemKind) -> Self {
        let element_type = (kind == WorkItemKind::Element).then_some(ElementType::WithTasks);
        Self {
            name: ItemName::stored(String::new()),
            description: Prose::default(),
            element_type,
            assignee_id: None,
            rag: None,
            start: None,
            finish: None,
            duration_minutes: None,
            scheduling: None,
            constraint: None,
            constraint_date: None,
            deadline: None,
            calendar_id: None,
            actual_start: None,
            actual_finish: None,
            remaining_minutes: None,
            evidence_required: (kind == WorkItemKind::Task).then_some(false),
        }
    }

    /// The content of a new item.
    ///
    /// # Errors
    /// Every fault of the fields given.
    pub fn create(kind: WorkItemKind, mut patch: ContentPatch) -> Result<Self, Faults> {
        // A name that is not given is as wrong as an empty one.
        patch.name.get_or_insert_default();
        let mut content = Self::blank(kind).with(kind, patch)?;
        if content.scheduling.is_none() && has_scheduling(kind, content.element_type) {
            content.scheduling = Some(Scheduling::Auto);
        }
        Ok(content)
    }

    /// The content after a patch.
    ///
    /// # Errors
    /// Every fault of the fields given, and of how they go together.
    pub fn with(&self, kind: WorkItemKind, patch: ContentPatch) -> Result<Self, Faults> {
        let mut faults = Faults::none();
        let mut new = self.clone();
        if let Some(name) = patch.name {
            new.name = faults
                .check("name", ItemName::new(&name))
                .unwrap_or(new.name);
        }
        if let Some(text) = patch.description {
            new.description = faults
                .check("description", Prose::new(&text))
                .unwrap_or(new.description);
        }
        new.element_type = patch.element_type.or(new.element_type);
        new.assignee_id = patch.assignee_id.unwrap_or(new.assignee_id);
        new.rag = patch.rag.unwrap_or(new.rag);
        new.start = patch.start.unwrap_or(new.start);
        new.finish = patch.finish.unwrap_or(new.finish);
        new.duration_minutes = patch.duration_minutes.unwrap_or(new.duration_minutes);
        new.scheduling = patch.scheduling.or(new.scheduling);
        new.constraint = patch.constraint.unwrap_or(new.constraint);
        new.constraint_date = patch.constraint_date.unwrap_or(new.constraint_date);
        new.deadline = patch.deadline.unwrap_or(new.deadline);
        new.calendar_id = patch.calendar_id.unwrap_or(new.calendar_id);
        new.actual_start = patch.actual_start.unwrap_or(new.actual_start);
        new.actual_finish = patch.actual_finish.unwrap_or(new.actual_finish);
        new.remaining_minutes = patch.remaining_minutes.unwrap_or(new.remaining_minutes);
        new.evidence_required = patch.evidence_required.or(new.evidence_required);
        if self.element_type != new.element_type {
            new.follow_type(kind);
        }
        new.check_applicable(kind, &mut faults);
        new.check_sense(&mut faults);
        faults.into_result().map(|()| new)
    }

    /// Scheduling comes and goes with an element's type.
    fn follow_type(&mut self, kind: WorkItemKind) {
        if !has_scheduling(kind, self.element_type) {
            self.scheduling = None;
        } else if self.scheduling.is_none() {
            self.scheduling = Some(Scheduling::Auto);
        }
    }

    fn check_applicable(&self, kind: WorkItemKind, faults: &mut Faults) {
        use WorkItemKind::{Element, Gate, Grid, Stage, Task, Theme};
        let timed = has_scheduling(kind, self.element_type);
        let dated = timed || matches!(kind, Grid | Stage);
        let worked = timed && kind != Gate;
        let fields = [
            ("element_type", self.element_type.is_some(), kind == Element),
            (
                "assignee_id",
                self.assignee_id.is_some(),
                !matches!(kind, Grid | Stage | Theme),
            ),
            ("start", self.start.is_some(), dated),
            ("finish", self.finish.is_some(), dated),
            ("duration_minutes", self.duration_minutes.is_some(), worked),
            ("scheduling", self.scheduling.is_some(), timed),
            ("constraint", self.constraint.is_some(), dated),
            ("constraint_date", self.constraint_date.is_some(), dated),
            ("deadline", self.deadline.is_some(), dated),
            (
                "calendar_id",
                self.calendar_id.is_some(),
                timed || kind == Grid,
            ),
            ("actual_start", self.actual_start.is_some(), timed),
            ("actual_finish", self.actual_finish.is_some(), timed),
            (
                "remaining_minutes",
                self.remaining_minutes.is_some(),
                worked,
            ),
            (
                "evidence_required",
                self.evidence_required.is_some(),
                kind == Task,
            ),
        ];
        for (field, given, applicable) in fields {
            if given && !applicable {
                let what = self.element_type.map_or(kind.as_str(), ElementType::as_str);
                faults.add(field, "not_applicable", format!("{what} has no such field"));
            }
        }
    }

    fn check_sense(&self, faults: &mut Faults) {
        let orders = [
            ("finish", self.start, self.finish, "start"),
            (
                "actual_finish",
                self.actual_start,
                self.actual_finish,
                "actual_start",
            ),
        ];
        for (field, first, second, other) in orders {
            if matches!((first, second), (Some(a), Some(b)) if b < a) {
                faults.add(field, "out_of_order", format!("must not be before {other}"));
            }
        }
        let minutes = [
            ("duration_minutes", self.duration_minutes),
            ("remaining_minutes", self.remaining_minutes),
        ];
        for (field, value) in minutes {
            if value.is_some_and(|m| m > MAX_MINUTES) {
                faults.add(
                    field,
                    "out_of_range",
                    format!("at most {MAX_MINUTES} minutes"),
                );
            }
        }
        let needs_date = self.constraint.is_some_and(Constraint::needs_date);
        if needs_date && self.constraint_date.is_none() {
            faults.add("constraint_date", "required", "the constraint needs a date");
        }
        if !needs_date && self.constraint_date.is_some() {
            faults.add(
                "constraint_date",
                "not_applicable",
                "there is no constraint with a date",
            );
        }
    }

    /// What changed from `old` to this, one entry a field.
    #[must_use]
    pub fn changes_from(&self, old: &Self) -> Vec<FieldChange> {
        let pairs = [
            ("name", json(&old.name), json(&self.name)),
            (
                "description",
                json(&old.description),
                json(&self.description),
            ),
            (
                "element_type",
                json(&old.element_type),
                json(&self.element_type),
            ),
            (
                "assignee_id",
                json(&old.assignee_id),
                json(&self.assignee_id),
            ),
            ("rag", json(&old.rag), json(&self.rag)),
            ("start", json(&old.start), json(&self.start)),
            ("finish", json(&old.finish), json(&self.finish)),
            (
                "duration_minutes",
                json(&old.duration_minutes),
                json(&self.duration_minutes),
            ),
            ("scheduling", json(&old.scheduling), json(&self.scheduling)),
            ("constraint", json(&old.constraint), json(&self.constraint)),
            (
                "constraint_date",
                json(&old.constraint_date),
                json(&self.constraint_date),
            ),
            ("deadline", json(&old.deadline), json(&self.deadline)),
            (
                "calendar_id",
                json(&old.calendar_id),
                json(&self.calendar_id),
            ),
            (
                "actual_start",
                json(&old.actual_start),
                json(&self.actual_start),
            ),
            (
                "actual_finish",
                json(&old.actual_finish),
                json(&self.actual_finish),
            ),
            (
                "remaining_minutes",
                json(&old.remaining_minutes),
                json(&self.remaining_minutes),
            ),
            (
                "evidence_required",
                json(&old.evidence_required),
                json(&self.evidence_required),
            ),
        ];
        pairs
            .into_iter()
            .filter(|(_, old, new)| old != new)
            .map(|(field, old, new)| FieldChange::of(field, old, new))
            .collect()
    }
}

/// Whether items of this kind and type have dates of their own to work out.
#[must_use]
pub fn has_scheduling(kind: WorkItemKind, element_type: Option<ElementType>) -> bool {
    match kind {
        WorkItemKind::Gate | WorkItemKind::Task => true,
        WorkItemKind::Element => element_type != Some(ElementType::Information),
        WorkItemKind::Grid | WorkItemKind::Stage | WorkItemKind::Theme => false,
    }
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

#[cfg(test)]
#[path = "content_tests.rs"]
mod tests;
