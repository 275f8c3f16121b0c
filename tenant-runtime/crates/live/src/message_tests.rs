use serde_json::json;
use tr_domain::event::FieldChange;

use super::*;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn event(kind: &str, object: ObjectType, grid: Option<u128>, change: FieldChange) -> EventMessage {
    EventMessage::new(Numbered {
        number: 1,
        kind: kind.to_owned(),
        occurred_at: DateTime::UNIX_EPOCH,
        payload: EventPayload {
            object,
            object_id: id(1),
            grid_id: grid.map(|grid| id(grid).into()),
            folder_id: None,
            parent_id: None,
            actor_id: MemberId::from_uuid(id(9)),
            request_id: "r".into(),
            changes: vec![change],
        },
    })
}

#[test]
fn rights_are_asked_again_for_what_an_event_concerns() {
    let me = MemberId::from_uuid(id(7));
    let (grid, folder) = (Topic::Grid(id(1).into()), Topic::Folder(id(1).into()));
    let (other_grid, other_folder) = (Topic::Grid(id(2).into()), Topic::Folder(id(2).into()));
    let whole = || FieldChange::whole(json!({}), json!(null));
    let joined = |member: u128| FieldChange::of("members", json!(null), json!(id(member)));
    let concerned = |event: &EventMessage| {
        let topics = [grid, folder, other_grid, other_folder, Topic::Me];
        topics.map(|topic| event.concerns(topic, me))
    };
    let none = [false; 5];
    let all = [true, true, true, true, false];
    use ObjectType as O;
    for (event, expected) in [
        // One grid, one folder.
        (
            event("grant.changed", O::WorkItem, Some(1), whole()),
            [true, true, false, false, false],
        ),
        (
            event("work_item.deleted", O::WorkItem, Some(1), whole()),
            [true, true, false, false, false],
        ),
        // All that may lie in it or be granted to it.
        (event("folder.deleted", O::Folder, None, whole()), all),
        (event("group.deleted", O::Group, None, whole()), all),
        (event("group.changed", O::Group, None, joined(7)), all),
        (event("group.changed", O::Group, None, joined(8)), none),
    ] {
        assert!(event.touches_access(), "{event:?}");
        assert_eq!(concerned(&event), expected, "{event:?}");
    }
    let named = || FieldChange::of("name", json!("a"), json!("b"));
    for event in [
        event("work_item.deleted", O::WorkItem, Some(2), whole()),
        event("work_item.moved", O::WorkItem, Some(1), named()),
        event("folder.moved", O::Folder, None, named()),
        event("label.deleted", O::Label, None, whole()),
        event("webhook.deleted", O::Webhook, None, whole()),
        event("dependency.deleted", O::WorkItem, Some(2), whole()),
        event("group.changed", O::Group, None, named()),
    ] {
        assert!(!event.touches_access(), "{event:?}");
        assert_eq!(concerned(&event), none, "{event:?}");
    }
}

#[test]
fn a_message_keeps_what_says_whose_it_is_and_no_other_value() {
    let long = "x".repeat(10_000);
    let changes = [
        FieldChange::of("description", json!(long), json!(long)),
        FieldChange::whole(json!(null), json!({ "name": long })),
        FieldChange::of("assignee_id", json!(id(7)), json!(null)),
    ];
    let kept = changes.map(|change| {
        let message = event("work_item.changed", ObjectType::WorkItem, Some(1), change);
        message.0.payload.changes
    });
    let nothing = json!(null);
    let [description, whole, assignee] = kept.map(|changes| changes[0].clone());
    assert_eq!(description.field.as_deref(), Some("description"));
    for change in [description, whole] {
        assert_eq!((change.old, change.new), (nothing.clone(), nothing.clone()));
    }
    assert_eq!(assignee.old, json!(id(7)));
}
