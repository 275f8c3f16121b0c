//! Groups (RFC 7643 §4.2).

use crate::attribute::{Attribute, Schema};

/// The schema of groups.
pub static GROUP_SCHEMA: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:Group",
    name: "Group",
    description: "A group of members.",
    attributes: &GROUP,
};

static GROUP: [Attribute; 2] = [
    Attribute::text("displayName", "The group's name.")
        .required()
        .unique(),
    Attribute::complex(
        "members",
        &MEMBERS,
        "Who is in it; groups within groups are not taken.",
    )
    .many(),
];

static MEMBERS: [Attribute; 3] = [
    Attribute::text("value", "The user's id.")
        .exact()
        .immutable(),
    Attribute::reference("$ref", &["User"], "The user.").immutable(),
    Attribute::text("type", "Always `User`.")
        .immutable()
        .one_of(&["User"]),
];
