#![expect(
    clippy::needless_pass_by_value,
    reason = "cases read better with the values written in place"
)]

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{apply_patch, read_patch};
use crate::{GROUP, ScimError, ScimType, USER, attribute::ResourceKind, resource::normal};

const MORE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn patch(
    kind: &'static ResourceKind,
    resource: &Value,
    operations: Value,
) -> Result<Value, ScimError> {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": operations,
    });
    let operations = read_patch(kind, &body)?;
    apply_patch(kind, resource.as_object().unwrap(), &operations).map(Value::Object)
}

fn ada() -> Value {
    json!({
        "userName": "ada", "active": true, "title": "Dr.",
        "name": { "givenName": "Ada", "familyName": "L" },
        "emails": [
            { "value": "a@work.example", "type": "work", "primary": true },
            { "value": "a@home.example", "type": "home" },
        ],
        MORE: { "department": "Plans" },
    })
}

#[track_caller]
fn becomes(operations: Value, pointer: &str, expected: Value) {
    let patched = patch(&USER, &ada(), operations.clone()).unwrap();
    let found = pointer
        .split('\n')
        .try_fold(&patched, |at, step| match step.parse::<usize>() {
            Ok(index) => at.get(index),
            Err(_) => at.get(step),
        });
    assert_eq!(found.unwrap_or(&Value::Null), &expected, "{operations}");
}

#[test]
fn what_okta_sends() {
    becomes(
        json!([{ "op": "replace", "value": { "active": false } }]),
        "active",
        json!(false),
    );
    let whole = json!([{ "op": "replace", "value": {
        "id": "not ours to change", "schemas": ["x"], "groups": [], "meta": {}, "password": "x",
        "name": { "givenName": "Adele" }, "title": null,
    }}]);
    becomes(
        whole.clone(),
        "name",
        json!({ "givenName": "Adele", "familyName": "L" }),
    );
    becomes(whole, "title", Value::Null);
    let group = json!({ "displayName": "Old", "members": [{ "value": "1" }, { "value": "2" }] });
    let renamed = json!([{ "op": "replace", "value": { "id": "g", "displayName": "New" } }]);
    let renamed = patch(&GROUP, &group, renamed).unwrap();
    assert_eq!(renamed["displayName"], "New");
    assert_eq!(renamed["members"].as_array().unwrap().len(), 2);
    let swapped = json!([
        { "op": "remove", "path": "members[value eq \"1\"]" },
        { "op": "add", "path": "members", "value": [{ "value": "3", "display": "C" }] },
        { "op": "add", "path": "members", "value": [{ "value": "2", "type": "User" }] },
    ]);
    let swapped = patch(&GROUP, &group, swapped).unwrap();
    let ids: Vec<&str> = swapped["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["value"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["2", "3"]);
}

#[test]
fn what_entra_sends() {
    becomes(
        json!([{ "op": "Replace", "path": "active", "value": "False" }]),
        "active",
        json!(false),
    );
    becomes(
        json!([{ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "b@w.example" }]),
        "emails\n0",
        json!({ "value": "b@w.example", "type": "work", "primary": true }),
    );
    for op in ["Add", "Replace"] {
        becomes(
            json!([{ "op": op, "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+1" }]),
            "phoneNumbers",
            json!([{ "type": "mobile", "value": "+1" }]),
        );
    }
    becomes(
        json!([{ "op": "Add", "path": format!("{MORE}:manager"), "value": "m1" }]),
        MORE,
        json!({ "department": "Plans", "manager": { "value": "m1" } }),
    );
    becomes(
        json!([{ "op": "Add", "value": {
            format!("{MORE}:employeeNumber"): "7", "name.familyName": "Lovelace",
            "emails[type eq \"other\"].value": "o@x.example",
        }}]),
        &format!("{MORE}\nemployeeNumber"),
        json!("7"),
    );
    becomes(
        json!([{ "op": "Add", "value": { "name.familyName": "Lovelace" } }]),
        "name\nfamilyName",
        json!("Lovelace"),
    );
    let group = json!({ "displayName": "G", "members": [{ "value": "1" }, { "value": "2" }] });
    let removed = json!([{ "op": "Remove", "path": "members", "value": [{ "value": "1" }] }]);
    let removed = patch(&GROUP, &group, removed).unwrap();
    assert_eq!(removed["members"], json!([{ "value": "2" }]));
}

#[test]
fn what_the_standard_says() {
    for (operations, pointer, expected) in [
        (
            json!([{ "op": "remove", "path": "title" }]),
            "title",
            Value::Null,
        ),
        (
            json!([{ "op": "remove", "path": "name.familyName" }]),
            "name",
            json!({ "givenName": "Ada" }),
        ),
        (
            json!([{ "op": "remove", "path": "emails" }]),
            "emails",
            Value::Null,
        ),
        (json!([{ "op": "remove", "path": MORE }]), MORE, Value::Null),
        (
            json!([{ "op": "remove", "path": "emails[type eq \"home\"]" }]),
            "emails\n1",
            Value::Null,
        ),
        (
            json!([{ "op": "remove", "path": "emails[type eq \"none\"]" }]),
            "emails\n1\ntype",
            json!("home"),
        ),
        (
            json!([{ "op": "add", "path": "emails", "value": [{ "value": "n", "primary": true }] }]),
            "emails\n0\nprimary",
            json!(false),
        ),
        (
            json!([{ "op": "replace", "path": "emails[type eq \"home\"].primary", "value": true }]),
            "emails\n0\nprimary",
            json!(false),
        ),
        (
            json!([{ "op": "replace", "path": "emails", "value": [{ "value": "only" }] }]),
            "emails",
            json!([{ "value": "only" }]),
        ),
        (
            json!([{ "op": "add", "path": "emails", "value": { "value": "a@home.example", "type": "home" } }]),
            "emails\n2",
            Value::Null,
        ),
        (
            json!([{ "op": "replace", "path": MORE, "value": { "department": "Sales" } }]),
            MORE,
            json!({ "department": "Sales" }),
        ),
        (
            json!([{ "op": "add", "path": "title", "value": "Prof." }]),
            "title",
            json!("Prof."),
        ),
        (
            json!([{ "op": "replace", "path": "name.middleName", "value": "K" }]),
            "name\nmiddleName",
            json!("K"),
        ),
    ] {
        becomes(operations, pointer, expected);
    }
}

#[test]
fn what_cannot_be_done_is_refused_with_its_word() {
    for (operations, expected) in [
        (
            json!([{ "op": "replace", "path": "id", "value": "x" }]),
            ScimType::Mutability,
        ),
        (
            json!([{ "op": "add", "path": "groups", "value": [] }]),
            ScimType::Mutability,
        ),
        (
            json!([{ "op": "remove", "path": "userName" }]),
            ScimType::Mutability,
        ),
        (
            json!([{ "op": "remove", "path": "active" }]),
            ScimType::Mutability,
        ),
        (
            json!([{ "op": "replace", "path": "active", "value": null }]),
            ScimType::Mutability,
        ),
        (json!([{ "op": "remove" }]), ScimType::NoTarget),
        (
            json!([{ "op": "replace", "path": "emails[type eq \"x\"]", "value": { "value": "y" } }]),
            ScimType::NoTarget,
        ),
        (
            json!([{ "op": "add", "path": "emails[type co \"x\"].value", "value": "y" }]),
            ScimType::NoTarget,
        ),
        (
            json!([{ "op": "add", "path": "nothing", "value": 1 }]),
            ScimType::InvalidPath,
        ),
        (
            json!([{ "op": "add", "path": "password", "value": "x" }]),
            ScimType::InvalidPath,
        ),
        (
            json!([{ "op": "add", "path": "emails[", "value": "x" }]),
            ScimType::InvalidFilter,
        ),
        (
            json!([{ "op": "add", "path": "a b", "value": "x" }]),
            ScimType::InvalidPath,
        ),
        (
            json!([{ "op": "add", "path": 7, "value": "x" }]),
            ScimType::InvalidPath,
        ),
        (
            json!([{ "op": "add", "path": "title" }]),
            ScimType::InvalidValue,
        ),
        (
            json!([{ "op": "add", "path": "title", "value": 7 }]),
            ScimType::InvalidValue,
        ),
        (json!([{ "op": "add", "value": 7 }]), ScimType::InvalidValue),
        (
            json!([{ "op": "move", "path": "title", "value": "x" }]),
            ScimType::InvalidSyntax,
        ),
        (json!([]), ScimType::InvalidSyntax),
        (json!([7]), ScimType::InvalidSyntax),
    ] {
        let error = patch(&USER, &ada(), operations.clone()).unwrap_err();
        assert_eq!(error.kind, expected, "{operations}");
    }
    let group = json!({ "displayName": "G", "members": [{ "value": "1" }] });
    let moved = json!([{ "op": "replace", "path": "members[value eq \"1\"].value", "value": "2" }]);
    let error = patch(&GROUP, &group, moved).unwrap_err();
    assert_eq!(error.kind, ScimType::Mutability);
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        "[a-z]{0,4}".prop_map(Value::from),
        Just(json!([{ "value": "v", "type": "work", "primary": true }])),
        Just(json!({ "value": "w", "type": "home" })),
        Just(json!({ "department": "D" })),
    ]
}

proptest! {
    #[test]
    fn every_outcome_is_in_normal_form(
        steps in prop::collection::vec(
            (prop::sample::select(vec!["add", "replace", "remove"]),
             prop::sample::select(vec![
                 "title", "active", "emails", "emails.value", "name.givenName", "name", MORE,
                 "emails[type eq \"work\"]", "emails[type eq \"home\"].value",
                 "emails[primary eq true].type", "userName", "schemas",
             ]),
             any_value()),
            1..6,
        ),
    ) {
        let steps: Vec<Value> = steps.into_iter()
            .map(|(op, path, value)| json!({ "op": op, "path": path, "value": value })).collect();
        if let Ok(patched) = patch(&USER, &ada(), steps.into()) {
            let patched = patched.as_object().unwrap();
            prop_assert_eq!(&normal(&USER, patched).unwrap(), patched);
            prop_assert!(patched.contains_key("userName") && patched.contains_key("active"));
        }
    }

    #[test]
    fn a_group_is_a_set(ids in prop::collection::vec(0_u8..6, 0..12), gone in 0_u8..6) {
        let start = Value::Object(Map::from_iter([("displayName".to_owned(), json!("G"))]));
        let mut steps: Vec<Value> = ids.iter().map(|id| json!({
            "op": "add", "path": "members", "value": [{ "value": id.to_string() }],
        })).collect();
        steps.push(json!({ "op": "remove", "path": format!("members[value eq \"{gone}\"]") }));
        let patched = patch(&GROUP, &start, steps.into()).unwrap();
        let members = patched.get("members").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut found: Vec<u8> = members.iter()
            .map(|member| member["value"].as_str().unwrap().parse().unwrap()).collect();
        found.sort_unstable();
        let mut expected: Vec<u8> = ids.into_iter().filter(|id| *id != gone).collect();
        expected.sort_unstable();
        expected.dedup();
        prop_assert_eq!(found, expected);
    }
}
