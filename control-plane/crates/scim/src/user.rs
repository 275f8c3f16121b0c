//! What a directory says of a user, apart into what has a column of its own and the rest.

use serde_json::{Map, Value, json};

use crate::{ENTERPRISE_USER, ScimError, USER_SCHEMA, resource::is_primary};

/// The longest name of a member, in characters.
const MAX_NAME: usize = 200;

/// A user as the directory has them.
#[derive(Debug, Clone, PartialEq)]
pub struct UserRecord {
    /// What the directory knows them by.
    pub user_name: String,
    /// What it identifies them by.
    pub external_id: Option<String>,
    /// Whether they may sign in; none when it was not said.
    pub active: Option<bool>,
    /// Everything else, in its normal form.
    pub attributes: Map<String, Value>,
}

impl UserRecord {
    /// The parts of a resource in its normal form.
    ///
    /// # Errors
    /// When there is no `userName`.
    pub fn of_resource(mut resource: Map<String, Value>) -> Result<Self, ScimError> {
        let mut text = |name: &str| match resource.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let user_name = text("userName").filter(|name| !name.trim().is_empty());
        let user_name = user_name.ok_or_else(|| ScimError::value("`userName` is required."))?;
        let external_id = text("externalId");
        let active = resource
            .remove("active")
            .and_then(|active| active.as_bool());
        Ok(Self {
            user_name,
            external_id,
            active,
            attributes: resource,
        })
    }

    /// The resource in its normal form.
    #[must_use]
    pub fn to_resource(&self) -> Map<String, Value> {
        let mut resource = self.attributes.clone();
        resource.insert("userName".to_owned(), self.user_name.as_str().into());
        if let Some(id) = &self.external_id {
            resource.insert("externalId".to_owned(), id.as_str().into());
        }
        if let Some(active) = self.active {
            resource.insert("active".to_owned(), active.into());
        }
        resource
    }

    /// The address that stands for the person: the primary one, one of work, any, or the name by
    /// which the directory knows them.
    #[must_use]
    pub fn address(&self) -> &str {
        let emails = self.attributes.get("emails").and_then(Value::as_array);
        let emails = emails.map(Vec::as_slice).unwrap_or_default();
        let work = |email: &&Value| {
            let kind = email.get("type").and_then(Value::as_str);
            kind.is_some_and(|kind| kind.eq_ignore_ascii_case("work"))
        };
        let best = emails.iter().find(|email| is_primary(email));
        let best = best.or_else(|| emails.iter().find(work));
        let best = best.or_else(|| emails.first());
        best.and_then(|email| email.get("value")?.as_str())
            .unwrap_or(&self.user_name)
    }

    /// The name to show: never empty, one line, not too long.
    #[must_use]
    pub fn name(&self) -> String {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let name = self.attributes.get("name");
        let part = |part: &str| text(name.and_then(|name| name.get(part)));
        let both = [part("givenName"), part("familyName")];
        let both: Vec<String> = both.into_iter().flatten().collect();
        let candidates = [
            text(self.attributes.get("displayName")),
            part("formatted"),
            Some(both.join(" ")),
        ];
        let mut names = candidates.into_iter().flatten().map(|name| one_line(&name));
        let name = names.find(|name| !name.is_empty());
        name.unwrap_or_else(|| one_line(&self.user_name))
    }
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(MAX_NAME).collect()
}

/// The schemas of a user with these attributes.
pub(crate) fn schemas_of(attributes: &Map<String, Value>) -> Value {
    if attributes.contains_key(ENTERPRISE_USER.id) {
        json!([USER_SCHEMA.id, ENTERPRISE_USER.id])
    } else {
        json!([USER_SCHEMA.id])
    }
}

impl UserRecord {
    /// The whole resource of an answer: with the id, the groups and what is said about it.
    #[must_use]
    pub fn answer(&self, id: &str, groups: Vec<Value>, meta: Value) -> Value {
        let mut resource = self.to_resource();
        resource.insert("schemas".to_owned(), schemas_of(&self.attributes));
        resource.insert("id".to_owned(), id.into());
        resource.insert("meta".to_owned(), meta);
        if !groups.is_empty() {
            resource.insert("groups".to_owned(), groups.into());
        }
        Value::Object(resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{USER, read_resource};

    fn record(mut body: Value) -> UserRecord {
        body["schemas"] = json!([USER_SCHEMA.id]);
        UserRecord::of_resource(read_resource(&USER, &body).unwrap()).unwrap()
    }

    #[test]
    fn the_best_address_stands_for_the_person() {
        for (emails, expected) in [
            (json!([]), "ada"),
            (json!([{ "value": "x" }, { "value": "y" }]), "x"),
            (
                json!([{ "value": "x" }, { "value": "y", "type": "Work" }]),
                "y",
            ),
            (
                json!([{ "value": "x", "type": "work" }, { "value": "y", "primary": true }]),
                "y",
            ),
            (json!([{ "type": "work" }]), "ada"),
        ] {
            let user = record(json!({ "userName": "ada", "emails": emails }));
            assert_eq!(user.address(), expected);
        }
    }

    #[test]
    fn a_user_has_a_name_to_show() {
        for (body, expected) in [
            (
                json!({ "displayName": " Ada  L. ", "name": { "formatted": "x" } }),
                "Ada L.",
            ),
            (
                json!({ "name": { "formatted": "Ada\nLovelace" } }),
                "Ada Lovelace",
            ),
            (
                json!({ "name": { "givenName": "Ada", "familyName": "L" } }),
                "Ada L",
            ),
            (json!({ "displayName": "  " }), "ada"),
        ] {
            let mut body = body;
            body["userName"] = json!("ada");
            assert_eq!(record(body).name(), expected);
        }
    }

    #[test]
    fn a_record_is_the_resource() {
        let body = json!({
            "userName": "ada", "externalId": "7", "active": false, "title": "Dr.",
            ENTERPRISE_USER.id: { "department": "P" },
        });
        let user = record(body);
        assert_eq!(UserRecord::of_resource(user.to_resource()).unwrap(), user);
        let answer = user.answer("1", vec![], json!({ "version": "W/\"1\"" }));
        assert_eq!(
            answer["schemas"],
            json!([USER_SCHEMA.id, ENTERPRISE_USER.id])
        );
        assert_eq!(answer["active"], json!(false));
        assert!(UserRecord::of_resource(Map::new()).is_err());
    }
}
