//! Whether what somebody is to be told is still so. Mail goes out later than things happen.

use kernel::MemberId;
use serde_json::{Map, Value, json};

use super::Trigger;
use crate::LocalMinute;

/// A work item as it is when mail goes out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Present {
    /// Whoever it is assigned to.
    pub assignee: Option<MemberId>,
    /// Whether it is complete, or a gate decided.
    pub completed: bool,
    /// When it starts.
    pub start: Option<LocalMinute>,
    /// When it finishes.
    pub finish: Option<LocalMinute>,
    /// When it has to be done.
    pub deadline: Option<LocalMinute>,
}

impl Present {
    /// When it is due: at its deadline, or when it is to finish.
    #[must_use]
    pub fn due(&self) -> Option<LocalMinute> {
        self.deadline.or(self.finish)
    }

    fn date(&self, field: &str) -> Value {
        match field {
            "start" => json!(self.start),
            "finish" => json!(self.finish),
            _ => json!(self.deadline),
        }
    }
}

impl Trigger {
    /// Whether what was told of under this trigger is still so, for this member.
    #[must_use]
    pub fn holds(self, member: MemberId, detail: &Value, present: &Present) -> bool {
        let theirs = present.assignee == Some(member);
        match self {
            Self::Assigned => theirs,
            Self::Unassigned => !theirs,
            Self::Completed | Self::GateDecided => present.completed,
            Self::Reopened | Self::GateReopened => !present.completed,
            Self::DatesChanged => detail.as_object().is_some_and(|fields| {
                fields
                    .iter()
                    .any(|(field, change)| change["old"] != present.date(field))
            }),
            // Whoever lost the right does not see it, which is asked anyway.
            Self::Shared => true,
            Self::DueSoon => !present.completed && theirs && detail["due"] == json!(present.due()),
        }
    }
}

/// Several changes of dates as one: from the first old value to the last new one.
#[must_use]
pub fn merge_dates<'d>(details: impl IntoIterator<Item = &'d Value>) -> Value {
    let mut merged = Map::new();
    for (field, change) in details.into_iter().filter_map(Value::as_object).flatten() {
        match merged.get_mut(field) {
            Some(first) => first["new"] = change["new"].clone(),
            None => {
                merged.insert(field.clone(), change.clone());
            }
        }
    }
    merged.into()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn member(number: u128) -> MemberId {
        MemberId::from_uuid(Uuid::from_u128(number))
    }

    fn minute(text: &str) -> Option<LocalMinute> {
        LocalMinute::parse(text)
    }

    #[test]
    fn what_was_taken_back_holds_no_more() {
        let (me, other) = (member(1), member(2));
        let mine = Present {
            assignee: Some(me),
            ..Present::default()
        };
        let theirs = Present {
            assignee: Some(other),
            completed: true,
            ..Present::default()
        };
        let holds = |trigger: Trigger, present| trigger.holds(me, &Value::Null, present);
        assert!(holds(Trigger::Assigned, &mine) && !holds(Trigger::Assigned, &theirs));
        assert!(holds(Trigger::Unassigned, &theirs) && !holds(Trigger::Unassigned, &mine));
        for trigger in [Trigger::Completed, Trigger::GateDecided] {
            assert!(holds(trigger, &theirs) && !holds(trigger, &mine));
        }
        for trigger in [Trigger::Reopened, Trigger::GateReopened] {
            assert!(holds(trigger, &mine) && !holds(trigger, &theirs));
        }
    }

    #[test]
    fn dates_that_are_as_before_are_no_news() {
        let change = |old: &str, new: &str| json!({ "deadline": { "old": old, "new": new } });
        let there = change("2026-12-01T09:00", "2026-12-02T09:00");
        let back = change("2026-12-02T09:00", "2026-12-01T09:00");
        let merged = merge_dates([&there, &back]);
        assert_eq!(merged, change("2026-12-01T09:00", "2026-12-01T09:00"));
        let at = |text| Present {
            deadline: minute(text),
            ..Present::default()
        };
        let holds =
            |detail: &Value, text| Trigger::DatesChanged.holds(member(1), detail, &at(text));
        assert!(!holds(&merged, "2026-12-01T09:00"));
        assert!(holds(&there, "2026-12-02T09:00"));
    }

    #[test]
    fn a_reminder_is_of_the_day_that_it_was_made_for() {
        let me = member(1);
        let due = || Present {
            assignee: Some(me),
            finish: minute("2026-12-01T17:00"),
            ..Present::default()
        };
        let detail = json!({ "due": "2026-12-01T17:00" });
        let holds = |present: &Present| Trigger::DueSoon.holds(me, &detail, present);
        assert!(holds(&due()));
        let later = Present {
            deadline: minute("2026-12-09T17:00"),
            ..due()
        };
        let done = Present {
            completed: true,
            ..due()
        };
        let given = Present {
            assignee: Some(member(2)),
            ..due()
        };
        assert!(!holds(&later) && !holds(&done) && !holds(&given));
    }
}
