//! How a member looks to their directory.

use chrono::{DateTime, SecondsFormat, Utc};
use cp_domain::MemberState;
use cp_scim::UserRecord;
use cp_store::{Member, ScimUser};
use serde_json::{Map, Value, json};

use crate::scim::{Directory, Resource};

/// What the directory said of a user, or what we know of one of whom it said nothing yet.
pub(super) fn record(user: &ScimUser) -> UserRecord {
    let active = user.member.membership.state != MemberState::Archived;
    let said = user.said.as_ref().map(|said| said.record.clone());
    UserRecord {
        active: Some(active),
        ..said.unwrap_or_else(|| known(&user.member))
    }
}

fn known(member: &Member) -> UserRecord {
    let email = member.person.email.as_str();
    let mut attributes = Map::new();
    attributes.insert("displayName".to_owned(), member.person.name.as_str().into());
    let emails = json!([{ "value": email, "type": "work", "primary": true }]);
    attributes.insert("emails".to_owned(), emails);
    UserRecord {
        user_name: email.to_owned(),
        external_id: None,
        active: None,
        attributes,
    }
}

/// The entity tag: of the membership and of what the directory said.
pub(super) fn version(user: &ScimUser) -> String {
    let said = user.said.as_ref().map_or(0, |said| said.revision);
    format!("W/\"{}-{said}\"", user.member.membership.version)
}

/// The resource.
pub(super) fn view(by: &Directory, user: &ScimUser, groups: Vec<Value>) -> Resource {
    let id = user.member.membership.member.to_string();
    let location = format!("{}/Users/{id}", by.base);
    let version = version(user);
    let said_at = user.said.as_ref().map(|said| said.updated_at);
    let meta = json!({
        "resourceType": "User",
        "created": moment(user.member.created_at),
        "lastModified": moment(said_at.map_or(user.changed_at, |at| at.max(user.changed_at))),
        "location": location,
        "version": version,
    });
    Resource {
        body: record(user).answer(&id, groups, meta),
        version,
        location,
    }
}

/// A moment as the standard writes it.
pub(in crate::scim) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
