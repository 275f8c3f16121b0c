use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::event::ObjectType;

fn member(number: u128) -> MemberId {
    MemberId::from_uuid(Uuid::from_u128(number))
}

fn event(changes: Vec<FieldChange>) -> EventPayload {
    EventPayload {
        object: ObjectType::WorkItem,
        object_id: Uuid::from_u128(9),
        grid_id: None,
        folder_id: None,
        parent_id: None,
        actor_id: member(1),
        request_id: "r".into(),
        changes,
    }
}

fn told(
    kind: EventKind,
    changes: Vec<FieldChange>,
    item: WorkItemKind,
) -> Vec<(Trigger, Vec<Who>)> {
    concerned(kind, &event(changes), Some(item))
}

#[test]
fn every_trigger_has_one_row_and_undoing_goes_both_ways() {
    for trigger in Trigger::ALL {
        let rows: Vec<_> = RULES.iter().filter(|r| r.trigger == *trigger).collect();
        assert_eq!(rows.len(), 1, "{trigger}");
        if let Some(undoing) = rows[0].undone_by {
            assert_eq!(rule(undoing).unwrap().undone_by, Some(*trigger));
        }
        assert!(!rows[0].told.is_empty());
        assert!(trigger.as_str().len() <= 32);
    }
}

#[test]
fn another_assignee_is_two_peoples_news() {
    let change = FieldChange::of("assignee_id", json!(member(2)), json!(member(3)));
    assert_eq!(
        told(EventKind::WorkItemChanged, vec![change], WorkItemKind::Task),
        [
            (Trigger::Assigned, vec![Who::Member(member(3))]),
            (Trigger::Unassigned, vec![Who::Member(member(2))]),
        ]
    );
    let first = FieldChange::of("assignee_id", Value::Null, json!(member(3)));
    assert_eq!(
        told(EventKind::WorkItemCreated, vec![first], WorkItemKind::Task),
        [(Trigger::Assigned, vec![Who::Member(member(3))])]
    );
}

#[test]
fn gates_are_decided_and_other_things_completed() {
    let done = || vec![FieldChange::of("completed_at", Value::Null, json!("now"))];
    let completed = told(EventKind::WorkItemCompleted, done(), WorkItemKind::Task);
    assert_eq!(
        completed,
        [(Trigger::Completed, vec![Who::Assignee, Who::Creator])]
    );
    let decided = told(EventKind::WorkItemCompleted, done(), WorkItemKind::Gate);
    assert_eq!(
        decided,
        [(
            Trigger::GateDecided,
            vec![Who::Assignee, Who::Creator, Who::Workers]
        )]
    );
    let reopened = told(EventKind::WorkItemReopened, done(), WorkItemKind::Gate);
    assert_eq!(reopened[0].0, Trigger::GateReopened);
}

#[test]
fn dates_are_news_when_people_change_them_and_names_are_not() {
    let change = |field| {
        vec![FieldChange::of(
            field,
            Value::Null,
            json!("2026-03-29T02:30"),
        )]
    };
    for field in ["start", "finish", "deadline"] {
        assert_eq!(
            told(
                EventKind::WorkItemChanged,
                change(field),
                WorkItemKind::Task
            ),
            [(Trigger::DatesChanged, vec![Who::Assignee])]
        );
    }
    for field in ["name", "rag", "completed_at"] {
        assert_eq!(
            told(
                EventKind::WorkItemChanged,
                change(field),
                WorkItemKind::Task
            ),
            []
        );
    }
}

#[test]
fn more_rights_are_news_and_fewer_are_not() {
    let right = |level: &str| json!({ "member_id": member(2), "level": level });
    let shared = |old, new| {
        let change = FieldChange::of("grants", old, new);
        concerned(EventKind::GrantChanged, &event(vec![change]), None)
    };
    let told = vec![(Trigger::Shared, vec![Who::Member(member(2))])];
    assert_eq!(shared(Value::Null, right("view")), told);
    assert_eq!(shared(right("view"), right("edit")), told);
    assert_eq!(shared(right("edit"), right("view")), []);
    assert_eq!(shared(right("edit"), Value::Null), []);
    let group = GroupId::from_uuid(Uuid::from_u128(4));
    let to_group = json!({ "group_id": group, "level": "view" });
    assert_eq!(
        shared(Value::Null, to_group),
        [(Trigger::Shared, vec![Who::Group(group)])]
    );
}
