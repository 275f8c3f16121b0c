//! What a directory sends, brought into the one form that everything else relies on.
//!
//! Directories are not strict: capitals differ, truth values come as texts, a manager as an id
//! alone. What can be understood is taken; what is not ours to keep, such as a password, is
//! dropped without a word, as the standard allows (RFC 7643 §2.2, RFC 7644 §3.3).

use serde_json::{Map, Value};

use crate::{
    ScimError,
    attribute::{Attribute, Kind, ResourceKind},
    schemas::COMMON,
};

/// The longest text of an attribute, in characters.
pub const MAX_TEXT: usize = 1024;
/// The longest name by which a resource is known.
const MAX_NAME: usize = 255;
/// The most values of an attribute, but for a group's members.
const MAX_VALUES: usize = 50;

/// The resource in a body.
///
/// # Errors
/// When it is no resource of the kind, or a value is not of its type.
pub fn read_resource(
    kind: &'static ResourceKind,
    body: &Value,
) -> Result<Map<String, Value>, ScimError> {
    let object = body
        .as_object()
        .ok_or_else(|| ScimError::syntax("The body is an object."))?;
    check_schemas(kind, object)?;
    normal(kind, object)
}

/// The object in its normal form; the list of schemas is not looked at.
pub(crate) fn normal(
    kind: &'static ResourceKind,
    object: &Map<String, Value>,
) -> Result<Map<String, Value>, ScimError> {
    let mut resource = Map::new();
    for (name, value) in object {
        if let Some(schema) = kind.extension(name) {
            let parts = value.as_object().ok_or_else(|| wrong(schema.name))?;
            let parts = read_parts(schema.attributes, parts)?;
            if !parts.is_empty() {
                resource.insert(schema.id.to_owned(), Value::Object(parts));
            }
            continue;
        }
        let own = kind.schema.attribute(name);
        let attribute = own.or_else(|| {
            let mut common = COMMON.iter();
            common.find(|common| common.name == "externalId" && is(common, name))
        });
        let Some(attribute) = attribute.filter(|attribute| !attribute.is_read_only()) else {
            continue;
        };
        put(&mut resource, attribute, value)?;
    }
    Ok(resource)
}

fn is(attribute: &Attribute, name: &str) -> bool {
    attribute.name.eq_ignore_ascii_case(name)
}

fn put(
    into: &mut Map<String, Value>,
    attribute: &'static Attribute,
    value: &Value,
) -> Result<(), ScimError> {
    let Some(value) = read_value(attribute, value)? else {
        return Ok(());
    };
    if into.insert(attribute.name.to_owned(), value).is_some() {
        let name = attribute.name;
        return Err(ScimError::syntax(format!("`{name}` stands twice.")));
    }
    Ok(())
}

fn check_schemas(
    kind: &'static ResourceKind,
    object: &Map<String, Value>,
) -> Result<(), ScimError> {
    let missing = || {
        let id = kind.schema.id;
        ScimError::syntax(format!("`schemas` has `{id}`."))
    };
    let (_, schemas) = object
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("schemas"))
        .ok_or_else(missing)?;
    let schemas = schemas.as_array().ok_or_else(missing)?;
    let there = schemas.iter().any(|schema| {
        let id = schema.as_str().unwrap_or_default();
        id.eq_ignore_ascii_case(kind.schema.id)
    });
    if there { Ok(()) } else { Err(missing()) }
}

/// A value in its normal form; none when it says nothing.
pub(crate) fn read_value(
    attribute: &'static Attribute,
    value: &Value,
) -> Result<Option<Value>, ScimError> {
    if !attribute.many {
        return read_one(attribute, value);
    }
    let values = match value {
        Value::Array(values) => values.as_slice(),
        Value::Null => &[],
        one => std::slice::from_ref(one),
    };
    if values.len() > MAX_VALUES && attribute.name != "members" {
        let name = attribute.name;
        let most = format!("`{name}` has at most {MAX_VALUES} values.");
        return Err(ScimError::value(most));
    }
    let mut read = Vec::with_capacity(values.len());
    for value in values {
        read.extend(read_one(attribute, value)?);
    }
    let primaries = read.iter().filter(|value| is_primary(value)).count();
    if primaries > 1 {
        let name = attribute.name;
        return Err(ScimError::value(format!("One of `{name}` is primary.")));
    }
    Ok((!read.is_empty()).then_some(Value::Array(read)))
}

pub(crate) fn is_primary(value: &Value) -> bool {
    value.get("primary") == Some(&Value::Bool(true))
}

/// One value in its normal form.
pub(crate) fn read_one(
    attribute: &'static Attribute,
    value: &Value,
) -> Result<Option<Value>, ScimError> {
    let wrong = || wrong(attribute.name);
    if value.is_null() {
        return Ok(None);
    }
    match attribute.kind {
        Kind::Text | Kind::Reference(_) | Kind::DateTime => {
            let text = value.as_str().ok_or_else(wrong)?;
            check_text(attribute, text)?;
            Ok((!text.is_empty()).then(|| text.into()))
        }
        Kind::Boolean => match value {
            Value::Bool(_) => Ok(Some(value.clone())),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true.into())),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false.into())),
            _ => Err(wrong()),
        },
        Kind::Integer if value.is_i64() => Ok(Some(value.clone())),
        Kind::Integer => Err(wrong()),
        Kind::Complex(parts) => {
            let alone = Map::from_iter([("value".to_owned(), value.clone())]);
            let object = match value {
                Value::Object(object) => object,
                Value::String(_) if attribute.part("value").is_some() => &alone,
                _ => return Err(wrong()),
            };
            let read = read_parts(parts, object)?;
            Ok((!read.is_empty()).then_some(Value::Object(read)))
        }
    }
}

fn read_parts(
    parts: &'static [Attribute],
    object: &Map<String, Value>,
) -> Result<Map<String, Value>, ScimError> {
    let mut read = Map::new();
    for (name, value) in object {
        let part = parts.iter().find(|part| is(part, name));
        if let Some(part) = part.filter(|part| !part.is_read_only()) {
            put(&mut read, part, value)?;
        }
    }
    Ok(read)
}

fn check_text(attribute: &Attribute, text: &str) -> Result<(), ScimError> {
    let name = attribute.name;
    let known_by = matches!(name, "userName" | "externalId" | "displayName");
    let most = if known_by { MAX_NAME } else { MAX_TEXT };
    if text.chars().count() > most {
        let long = format!("`{name}` has at most {most} characters.");
        return Err(ScimError::value(long));
    }
    let lines = matches!(name, "formatted" | "streetAddress");
    let odd = |c: char| c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t'));
    if text.chars().any(odd) {
        let line = format!("`{name}` is one line without control characters.");
        return Err(ScimError::value(line));
    }
    Ok(())
}

fn wrong(name: &str) -> ScimError {
    ScimError::value(format!("The value of `{name}` is not of its type."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{
        ScimType,
        schemas::{GROUP, USER},
    };

    const USER_ID: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
    const MORE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    #[test]
    fn what_directories_send_is_understood() {
        let body = json!({
            "schemas": [USER_ID, MORE],
            "id": "ours", "meta": { "location": "elsewhere" }, "groups": [{ "value": "g" }],
            "USERNAME": "ada@acme.example", "active": "True", "password": "hunter2",
            "displayName": null, "title": "", "emails": { "value": "a@b.example", "Type": "work" },
            "unheardOf": 7,
            MORE: { "manager": "m1", "department": "Plans", "nothing": 1 },
        });
        let read = Value::Object(read_resource(&USER, &body).unwrap());
        let expected = json!({
            "userName": "ada@acme.example", "active": true,
            "emails": [{ "value": "a@b.example", "type": "work" }],
            MORE: { "manager": { "value": "m1" }, "department": "Plans" },
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_of_the_wrong_type_is_refused() {
        let long = "x".repeat(300);
        let many: Vec<Value> = (0..60).map(|n| json!({ "value": n.to_string() })).collect();
        for (field, value) in [
            ("userName", json!(7)),
            ("userName", json!(long)),
            ("userName", json!("a\nb")),
            ("active", json!("perhaps")),
            ("active", json!(1)),
            ("name", json!("Ada")),
            ("emails", json!([7])),
            ("emails", json!(many)),
            (
                "emails",
                json!([{ "value": "a", "primary": true }, { "value": "b", "primary": "true" }]),
            ),
            (MORE, json!("x")),
        ] {
            let body = json!({ "schemas": [USER_ID], field: value });
            let error = read_resource(&USER, &body).unwrap_err();
            assert_eq!(error.kind, ScimType::InvalidValue, "{field}");
        }
        for body in [
            json!([]),
            json!({}),
            json!({ "schemas": [MORE] }),
            json!({ "schemas": USER_ID }),
            json!({ "schemas": [USER_ID], "userName": "a", "username": "b" }),
        ] {
            let error = read_resource(&USER, &body).unwrap_err();
            assert_eq!(error.kind, ScimType::InvalidSyntax, "{body}");
        }
        assert!(read_resource(&GROUP, &json!({ "schemas": [USER_ID] })).is_err());
    }

    proptest! {
        #[test]
        fn the_normal_form_is_its_own(
            user in "[a-z]{1,9}", title in "[a-zA-Z ]{0,9}", active: bool,
            emails in prop::collection::vec(("[a-z]{1,5}", "(work|home)"), 0..4),
        ) {
            let emails: Vec<Value> = emails.into_iter()
                .map(|(value, kind)| json!({ "value": value, "type": kind })).collect();
            let body = json!({ "userName": user, "title": title, "active": active, "emails": emails });
            let once = normal(&USER, body.as_object().unwrap()).unwrap();
            prop_assert_eq!(normal(&USER, &once).unwrap(), once);
        }
    }
}
