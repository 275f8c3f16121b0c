use chrono::DateTime;
use kernel::{MemberId, TypedId as _, WorkItemId};
use serde_json::json;
use tr_domain::notifications::{NotificationId, Present, TimeZone};

use super::*;

fn row(trigger: Trigger, object: u128, detail: Value) -> NotificationRow {
    NotificationRow {
        id: NotificationId::from_uuid(Uuid::from_u128(1)),
        trigger,
        object: Object::WorkItem,
        object_id: Uuid::from_u128(object),
        event_number: Some(7),
        detail,
        occurred_at: DateTime::UNIX_EPOCH,
        created_at: DateTime::UNIX_EPOCH,
        read_at: None,
        actor: Some((MemberId::from_uuid(Uuid::from_u128(2)), "Ann".into())),
        name: format!("Thing {object}"),
        item_kind: Some(WorkItemKind::Task),
        grid: Some((WorkItemId::from_uuid(Uuid::from_u128(9)), "Building".into())),
        present: Present::default(),
    }
}

fn facts() -> TenantFacts {
    TenantFacts {
        name: "Acme".into(),
        origin: "http://acme.example".into(),
        host: "acme.example".into(),
        zone: TimeZone::UTC,
    }
}

fn composed(rows: &[NotificationRow], digest: bool) -> News {
    let reader = Reader {
        facts: &facts(),
        name: "Zoë",
        unsubscribe: "http://acme.example/unsubscribe/x",
    };
    compose(&reader, rows, digest)
}

#[test]
fn one_thing_is_told_with_all_that_happened_to_it() {
    let news = composed(
        &[
            row(Trigger::Assigned, 5, Value::Null),
            row(Trigger::DueSoon, 5, json!({ "due": "2026-12-01T09:05" })),
        ],
        false,
    );
    assert_eq!(news.subject, "Thing 5");
    let [item] = news.items.as_slice() else {
        panic!("{news:?}")
    };
    assert_eq!(item.place, "Building");
    assert!(item.link.starts_with("http://acme.example/grids/00000000-"));
    assert!(
        item.link
            .ends_with("/items/00000000-0000-0000-0000-000000000005")
    );
    assert_eq!(
        item.lines,
        [
            "Ann assigned it to you.",
            "It is due on 1 December 2026, 09:05."
        ]
    );
}

#[test]
fn a_day_counts_its_things() {
    let rows = [
        row(Trigger::Completed, 5, Value::Null),
        row(Trigger::Unassigned, 6, Value::Null),
        row(Trigger::Reopened, 5, Value::Null),
    ];
    let news = composed(&rows, true);
    assert_eq!(news.subject, "Your day in Acme: 2 things");
    assert_eq!(
        news.items[0].lines,
        ["Ann completed it.", "Ann reopened it."]
    );
    assert_eq!(
        composed(&rows[..1], true).subject,
        "Your day in Acme: one thing"
    );
}

#[test]
fn every_trigger_says_something_and_nobody_is_named_who_must_not_be() {
    let detail = json!({
        "outcome": "proceed_with_conditions", "level": "edit",
        "deadline": { "old": null, "new": "2026-12-01T09:05" }, "due": "2026-12-01T09:05",
    });
    for trigger in Trigger::ALL {
        let mut row = row(*trigger, 5, detail.clone());
        row.actor = None;
        let said = sentence(&row);
        let by_somebody = *trigger != Trigger::DueSoon;
        assert_eq!(said.starts_with("Somebody "), by_somebody, "{said}");
        assert!(said.ends_with('.') && said.len() > 15, "{said}");
    }
    let decided = sentence(&row(Trigger::GateDecided, 5, detail.clone()));
    assert_eq!(decided, "Ann decided the gate: proceed with conditions.");
    let dates = json!({ "deadline": detail["deadline"] });
    assert_eq!(
        sentence(&row(Trigger::DatesChanged, 5, dates)),
        "Ann changed its dates: deadline 1 December 2026, 09:05, was none."
    );
}
