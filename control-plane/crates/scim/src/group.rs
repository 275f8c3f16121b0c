//! What a directory says of a group.

use serde_json::{Map, Value, json};

use crate::{GROUP_SCHEMA, ScimError};

/// A group as the directory has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRecord {
    /// Its name.
    pub display_name: String,
    /// What the directory identifies it by.
    pub external_id: Option<String>,
    /// The ids of its members; none when nothing was said of them.
    pub members: Option<Vec<String>>,
}

impl GroupRecord {
    /// The parts of a resource in its normal form.
    ///
    /// # Errors
    /// When there is no `displayName`, or a member is none of users.
    pub fn of_resource(mut resource: Map<String, Value>) -> Result<Self, ScimError> {
        let mut text = |name: &str| match resource.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let display_name = text("displayName").filter(|name| !name.trim().is_empty());
        let display_name =
            display_name.ok_or_else(|| ScimError::value("`displayName` is required."))?;
        let external_id = text("externalId");
        let members = match resource.remove("members") {
            Some(Value::Array(members)) => {
                Some(members.iter().map(member).collect::<Result<_, _>>()?)
            }
            _ => None,
        };
        Ok(Self {
            display_name,
            external_id,
            members,
        })
    }

    /// The resource in its normal form.
    #[must_use]
    pub fn to_resource(&self) -> Map<String, Value> {
        let mut resource = Map::new();
        resource.insert("displayName".to_owned(), self.display_name.as_str().into());
        if let Some(id) = &self.external_id {
            resource.insert("externalId".to_owned(), id.as_str().into());
        }
        let members = self.members.iter().flatten();
        let members: Vec<Value> = members.map(|id| json!({ "value": id })).collect();
        if !members.is_empty() {
            resource.insert("members".to_owned(), members.into());
        }
        resource
    }

    /// The whole resource of an answer; `base` is where users are.
    #[must_use]
    pub fn answer(&self, id: &str, base: &str, meta: Value) -> Value {
        let mut resource = self.to_resource();
        resource.insert("schemas".to_owned(), json!([GROUP_SCHEMA.id]));
        resource.insert("id".to_owned(), id.into());
        resource.insert("meta".to_owned(), meta);
        let members =
            self.members.iter().flatten().map(
                |id| json!({ "value": id, "$ref": format!("{base}/Users/{id}"), "type": "User" }),
            );
        let members: Vec<Value> = members.collect();
        if !members.is_empty() {
            resource.insert("members".to_owned(), members.into());
        }
        Value::Object(resource)
    }
}

fn member(value: &Value) -> Result<String, ScimError> {
    let kind = value.get("type").and_then(Value::as_str);
    if kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("User")) {
        let nested = "The members of a group are users.";
        return Err(ScimError::value(nested));
    }
    let id = value.get("value").and_then(Value::as_str);
    id.map(str::to_owned)
        .ok_or_else(|| ScimError::value("A member has a `value`, the user's id."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GROUP, read_resource};

    #[test]
    fn a_record_is_the_resource() {
        let body = json!({
            "schemas": [GROUP_SCHEMA.id], "displayName": "Plans", "externalId": "7",
            "members": [{ "value": "1", "display": "Ada" }, { "value": "2", "type": "User" }],
        });
        let group = GroupRecord::of_resource(read_resource(&GROUP, &body).unwrap()).unwrap();
        let ids = group.members.clone().unwrap();
        assert_eq!(ids, ["1", "2"]);
        assert_eq!(
            GroupRecord::of_resource(group.to_resource()).unwrap(),
            group
        );
        let answer = group.answer("g", "https://a.example/scim/v2", json!({}));
        let location = &answer["members"][1]["$ref"];
        assert_eq!(location, "https://a.example/scim/v2/Users/2");
    }

    #[test]
    fn groups_are_not_nested() {
        for members in [
            json!([{ "value": "1", "type": "Group" }]),
            json!([{ "type": "User" }]),
        ] {
            let body = json!({
                "schemas": [GROUP_SCHEMA.id], "displayName": "Plans", "members": members,
            });
            let resource = read_resource(&GROUP, &body).unwrap();
            assert!(GroupRecord::of_resource(resource).is_err());
        }
        assert!(GroupRecord::of_resource(Map::new()).is_err());
    }
}
