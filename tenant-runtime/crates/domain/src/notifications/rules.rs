//! Who is told of what: [`RULES`] is the one table. A new trigger is a word, a row here and a
//! sentence in the mail.

use kernel::{GroupId, MemberId};
use serde_json::Value;

use super::{MailChoice, Trigger};
use crate::WorkItemKind;
use crate::access::Level;
use crate::event::{EventKind, EventPayload, FieldChange};

/// What makes a trigger go off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Something is assigned to somebody.
    AssignedTo,
    /// Something is taken from somebody.
    TakenFrom,
    /// This happens to anything but a gate.
    Item(EventKind),
    /// This happens to a gate.
    Gate(EventKind),
    /// One of the fields gets another value.
    Fields(&'static [&'static str]),
    /// Somebody gets a right, or a higher one.
    Granted,
    /// Its time has come.
    Timer,
}

/// Who is told, by what they have to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Whoever it names: the one to whom it is given or from whom it is taken.
    Named,
    /// Whoever it is assigned to.
    Assignee,
    /// Whoever created it.
    Creator,
    /// Whoever has open work in its stage.
    Workers,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The trigger.
    pub trigger: Trigger,
    /// What makes it go off.
    pub cause: Cause,
    /// Who is told. Never who did it, nor anybody who may not see it.
    pub told: &'static [Told],
    /// When mail goes out unless the tenant or the person decides otherwise.
    pub mail: MailChoice,
    /// What undoes it. Undone before it has settled or was read, neither leaves a trace.
    pub undone_by: Option<Trigger>,
}

/// The fields that say when something has to be done.
const DATES: &[&str] = &["start", "finish", "deadline"];

/// Who is told of what.
#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    rule_of(Trigger::Assigned,     Cause::AssignedTo,                        &[Told::Named],                                  MailChoice::Instant, Some(Trigger::Unassigned)),
    rule_of(Trigger::Unassigned,   Cause::TakenFrom,                         &[Told::Named],                                  MailChoice::Daily,   Some(Trigger::Assigned)),
    rule_of(Trigger::Completed,    Cause::Item(EventKind::WorkItemCompleted), &[Told::Assignee, Told::Creator],               MailChoice::Daily,   Some(Trigger::Reopened)),
    rule_of(Trigger::Reopened,     Cause::Item(EventKind::WorkItemReopened),  &[Told::Assignee, Told::Creator],               MailChoice::Instant, Some(Trigger::Completed)),
    rule_of(Trigger::GateDecided,  Cause::Gate(EventKind::WorkItemCompleted), &[Told::Assignee, Told::Creator, Told::Workers], MailChoice::Instant, Some(Trigger::GateReopened)),
    rule_of(Trigger::GateReopened, Cause::Gate(EventKind::WorkItemReopened),  &[Told::Assignee, Told::Creator, Told::Workers], MailChoice::Instant, Some(Trigger::GateDecided)),
    rule_of(Trigger::DatesChanged, Cause::Fields(DATES),                     &[Told::Assignee],                               MailChoice::Daily,   None),
    rule_of(Trigger::Shared,       Cause::Granted,                           &[Told::Named],                                  MailChoice::Instant, None),
    rule_of(Trigger::DueSoon,      Cause::Timer,                             &[Told::Assignee],                               MailChoice::Instant, None),
];

/// Keeps the table to one line a row.
const fn rule_of(
    trigger: Trigger,
    cause: Cause,
    told: &'static [Told],
    mail: MailChoice,
    undone_by: Option<Trigger>,
) -> Rule {
    Rule {
        trigger,
        cause,
        told,
        mail,
        undone_by,
    }
}

/// The row of a trigger.
#[must_use]
pub fn rule(trigger: Trigger) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.trigger == trigger)
}

/// Somebody to tell, as far as the event says who.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// A member.
    Member(MemberId),
    /// Everyone in a custom group.
    Group(GroupId),
    /// Whoever it is assigned to.
    Assignee,
    /// Whoever created it.
    Creator,
    /// Whoever has open work in its stage.
    Workers,
}

/// Whom an event concerns, and why. `item` is the kind of the work item that it is about.
#[must_use]
pub fn concerned(
    kind: EventKind,
    event: &EventPayload,
    item: Option<WorkItemKind>,
) -> Vec<(Trigger, Vec<Who>)> {
    let gate = item == Some(WorkItemKind::Gate);
    RULES
        .iter()
        .filter_map(|rule| {
            let named = match rule.cause {
                Cause::AssignedTo => assignee(event, |change| &change.new),
                Cause::TakenFrom => assignee(event, |change| &change.old),
                Cause::Granted => holders(event),
                Cause::Item(of) if of == kind && !gate => Vec::new(),
                Cause::Gate(of) if of == kind && gate => Vec::new(),
                Cause::Fields(fields) if changes(kind, event, fields) => Vec::new(),
                Cause::Item(_) | Cause::Gate(_) | Cause::Fields(_) | Cause::Timer => return None,
            };
            let told = rule.told.iter().flat_map(|told| match told {
                Told::Named => named.clone(),
                Told::Assignee => vec![Who::Assignee],
                Told::Creator => vec![Who::Creator],
                Told::Workers => vec![Who::Workers],
            });
            let told: Vec<Who> = told.collect();
            (!told.is_empty()).then_some((rule.trigger, told))
        })
        .collect()
}

fn field<'e>(event: &'e EventPayload, name: &str) -> impl Iterator<Item = &'e FieldChange> {
    let changes = event.changes.iter();
    changes.filter(move |change| change.field.as_deref() == Some(name))
}

fn assignee(event: &EventPayload, side: fn(&FieldChange) -> &Value) -> Vec<Who> {
    field(event, "assignee_id")
        .filter_map(|change| Some(Who::Member(side(change).as_str()?.parse().ok()?)))
        .collect()
}

/// Who got more than they had.
fn holders(event: &EventPayload) -> Vec<Who> {
    let level = |side: &Value| {
        side["level"]
            .as_str()
            .and_then(|word| word.parse::<Level>().ok())
    };
    field(event, "grants")
        .filter(|change| level(&change.new) > level(&change.old))
        .filter_map(|change| {
            let id = |key: &str| change.new.get(key)?.as_str();
            match (id("member_id"), id("group_id")) {
                (Some(member), _) => Some(Who::Member(member.parse().ok()?)),
                (None, Some(group)) => Some(Who::Group(group.parse().ok()?)),
                (None, None) => None,
            }
        })
        .collect()
}

fn changes(kind: EventKind, event: &EventPayload, fields: &[&str]) -> bool {
    kind == EventKind::WorkItemChanged
        && fields
            .iter()
            .any(|name| field(event, name).next().is_some())
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
