//! Which attributes an answer has (RFC 7644 §3.9).

use serde_json::{Map, Value};

use crate::{
    attribute::{ResourceKind, Returned},
    schemas::COMMON,
    target::{Named, Target, resolve},
};

/// The choice of a request.
#[derive(Debug, Clone, Default)]
pub struct Projection {
    only: Option<Vec<Choice>>,
    without: Vec<Choice>,
}

#[derive(Debug, Clone, Copy)]
enum Choice {
    Extension(&'static str),
    Attribute(Target),
}

impl Projection {
    /// The choice of these lists of names. What is unknown is not there anyway.
    #[must_use]
    pub fn new<'a>(
        kind: &'static ResourceKind,
        only: Option<impl IntoIterator<Item = &'a str>>,
        without: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let read = |name: &str| {
            Some(match resolve(kind, name.trim())? {
                Named::Extension(schema) => Choice::Extension(schema.id),
                Named::Attribute(target) => Choice::Attribute(target),
            })
        };
        Self {
            only: only.map(|names| names.into_iter().filter_map(read).collect()),
            without: without.into_iter().filter_map(read).collect(),
        }
    }

    /// Whether any of an attribute will be shown: what is not need not be read.
    #[must_use]
    pub fn shows(&self, attribute: &str) -> bool {
        let names = |choice: &Choice| match choice {
            Choice::Attribute(target) => target.attribute.name == attribute,
            Choice::Extension(_) => false,
        };
        let whole = |choice: &Choice| match choice {
            Choice::Attribute(target) => target.part.is_none() && names(choice),
            Choice::Extension(_) => false,
        };
        let asked = self.only.as_ref();
        asked.is_none_or(|only| only.iter().any(names)) && !self.without.iter().any(whole)
    }

    /// The resource with the chosen attributes and those that are always there.
    #[must_use]
    pub fn of(&self, resource: Value) -> Value {
        let Value::Object(mut resource) = resource else {
            return resource;
        };
        if let Some(only) = &self.only {
            resource = pick(&resource, only);
        }
        for choice in &self.without {
            leave_out(&mut resource, choice);
        }
        Value::Object(resource)
    }
}

fn is_always(name: &str) -> bool {
    COMMON
        .iter()
        .any(|common| common.name == name && common.returned == Returned::Always)
}

fn pick(resource: &Map<String, Value>, only: &[Choice]) -> Map<String, Value> {
    let mut picked: Map<String, Value> = resource
        .iter()
        .filter(|(name, _)| is_always(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for choice in only {
        match choice {
            Choice::Extension(id) => {
                if let Some(value) = resource.get(*id) {
                    picked.insert((*id).to_owned(), value.clone());
                }
            }
            Choice::Attribute(target) => match target.extension {
                None => pick_one(resource, &mut picked, target),
                Some(schema) => {
                    let Some(Value::Object(from)) = resource.get(schema.id) else {
                        continue;
                    };
                    let into = picked.entry(schema.id);
                    let into = into.or_insert_with(|| Value::Object(Map::new()));
                    if let Value::Object(into) = into {
                        pick_one(from, into, target);
                    }
                }
            },
        }
    }
    picked
}

fn pick_one(from: &Map<String, Value>, into: &mut Map<String, Value>, target: &Target) {
    let name = target.attribute.name;
    let Some(value) = from.get(name) else {
        return;
    };
    let Some(part) = target.part else {
        into.insert(name.to_owned(), value.clone());
        return;
    };
    let one = |value: &Value, known: Option<&Value>| {
        let mut parts = known
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        if let Some(found) = value.get(part.name) {
            parts.insert(part.name.to_owned(), found.clone());
        }
        Value::Object(parts)
    };
    let known = into.get(name);
    let picked = match value {
        Value::Array(values) => values
            .iter()
            .enumerate()
            .map(|(at, value)| one(value, known.and_then(|known| known.get(at))))
            .collect(),
        value => one(value, known),
    };
    into.insert(name.to_owned(), picked);
}

fn leave_out(resource: &mut Map<String, Value>, choice: &Choice) {
    match choice {
        Choice::Extension(id) => {
            resource.remove(*id);
        }
        Choice::Attribute(target) => {
            let holder = match target.extension {
                None => Some(resource),
                Some(schema) => resource.get_mut(schema.id).and_then(Value::as_object_mut),
            };
            let Some(holder) = holder else { return };
            let name = target.attribute.name;
            let Some(part) = target.part else {
                if target.attribute.returned != Returned::Always {
                    holder.remove(name);
                }
                return;
            };
            let values = match holder.get_mut(name) {
                Some(Value::Array(values)) => values.as_mut_slice(),
                Some(value) => std::slice::from_mut(value),
                None => &mut [],
            };
            for value in values {
                if let Some(parts) = value.as_object_mut() {
                    parts.remove(part.name);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schemas::USER;

    #[test]
    fn answers_have_what_was_asked_for() {
        let more = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let ada = || {
            json!({
                "schemas": ["x"], "id": "1", "userName": "ada", "title": "Dr.",
                "name": { "familyName": "L", "givenName": "A" },
                "emails": [{ "value": "a", "type": "work" }, { "value": "b" }],
                more: { "department": "P", "division": "D" },
            })
        };
        let only =
            |names: &[&str]| Projection::new(&USER, Some(names.iter().copied()), []).of(ada());
        let without = |names: &[&str]| {
            Projection::new(&USER, None::<[&str; 0]>, names.iter().copied()).of(ada())
        };
        assert_eq!(
            only(&["USERNAME", "name.givenName", "nothing"]),
            json!({ "schemas": ["x"], "id": "1", "userName": "ada", "name": { "givenName": "A" } })
        );
        assert_eq!(
            only(&["emails.value", "emails.type"])["emails"],
            json!([{ "value": "a", "type": "work" }, { "value": "b" }])
        );
        assert_eq!(
            only(&[&format!("{more}:division")])[more],
            json!({ "division": "D" })
        );
        let rest = without(&["id", "emails", "name.familyName", more, "title"]);
        assert_eq!(
            rest,
            json!({ "schemas": ["x"], "id": "1", "userName": "ada", "name": { "givenName": "A" } })
        );
        assert_eq!(without(&[]), ada());
        let members = Projection::new(&crate::GROUP, None::<[&str; 0]>, ["members"]);
        assert!(!members.shows("members") && members.shows("displayName"));
    }
}
