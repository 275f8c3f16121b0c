//! Users (RFC 7643 §4.1, §4.3).

use crate::attribute::{Attribute, Schema};

/// The core schema of users.
pub static USER_SCHEMA: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:User",
    name: "User",
    description: "A member of the tenant.",
    attributes: &USER,
};

/// What companies say of their people.
pub static ENTERPRISE_USER: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    name: "EnterpriseUser",
    description: "A member's place in the company.",
    attributes: &ENTERPRISE,
};

static USER: [Attribute; 16] = [
    Attribute::text(
        "userName",
        "What the directory knows the user by; an e-mail address when `emails` has none.",
    )
    .required()
    .unique(),
    Attribute::complex("name", &NAME, "The parts of the name."),
    Attribute::text("displayName", "The name as it is shown."),
    Attribute::text("nickName", "What they are called among friends."),
    Attribute::reference("profileUrl", &["external"], "A page about them."),
    Attribute::text("title", "Such as “Vice President”."),
    Attribute::text("userType", "The relation to the company."),
    Attribute::text("preferredLanguage", "As in `Accept-Language`."),
    Attribute::text("locale", "Such as `en-US`."),
    Attribute::text("timezone", "Such as `Europe/Zurich`."),
    Attribute::boolean(
        "active",
        "Whether the member may sign in. False ends sessions and tokens at once.",
    )
    .required(),
    Attribute::complex("emails", &EMAIL, "E-mail addresses.").many(),
    Attribute::complex("phoneNumbers", &PHONE, "Telephone numbers.").many(),
    Attribute::complex("ims", &IM, "Addresses of messengers.").many(),
    Attribute::complex("addresses", &ADDRESS, "Postal addresses.").many(),
    Attribute::complex("groups", &GROUPS, "The groups of which they are members.")
        .many()
        .read_only(),
];

static NAME: [Attribute; 6] = [
    Attribute::text("formatted", "The whole name."),
    Attribute::text("familyName", "The family name."),
    Attribute::text("givenName", "The given name."),
    Attribute::text("middleName", "Names between."),
    Attribute::text("honorificPrefix", "Such as “Dr.”."),
    Attribute::text("honorificSuffix", "Such as “III”."),
];

const DISPLAY: Attribute = Attribute::text("display", "For people.");
const PRIMARY: Attribute = Attribute::boolean("primary", "Whether it is the preferred one.");

static EMAIL: [Attribute; 4] = [
    Attribute::text("value", "The address."),
    DISPLAY,
    Attribute::text("type", "What it is for.").one_of(&["work", "home", "other"]),
    PRIMARY,
];

static PHONE: [Attribute; 4] = [
    Attribute::text("value", "The number."),
    DISPLAY,
    Attribute::text("type", "What it is for.")
        .one_of(&["work", "home", "mobile", "fax", "pager", "other"]),
    PRIMARY,
];

static IM: [Attribute; 4] = [
    Attribute::text("value", "The address."),
    DISPLAY,
    Attribute::text("type", "The messenger."),
    PRIMARY,
];

static ADDRESS: [Attribute; 8] = [
    Attribute::text("formatted", "The whole address."),
    Attribute::text("streetAddress", "Street and number."),
    Attribute::text("locality", "The city."),
    Attribute::text("region", "The state or region."),
    Attribute::text("postalCode", "The postal code."),
    Attribute::text("country", "The country."),
    Attribute::text("type", "What it is for.").one_of(&["work", "home", "other"]),
    PRIMARY,
];

static GROUPS: [Attribute; 4] = [
    Attribute::text("value", "The group's id.")
        .exact()
        .read_only(),
    Attribute::reference("$ref", &["Group"], "The group.").read_only(),
    Attribute::text("display", "The group's name.").read_only(),
    Attribute::text("type", "Always `direct`.")
        .read_only()
        .one_of(&["direct"]),
];

static ENTERPRISE: [Attribute; 6] = [
    Attribute::text("employeeNumber", "The number in the company."),
    Attribute::text("costCenter", "The cost centre."),
    Attribute::text("organization", "The organisation."),
    Attribute::text("division", "The division."),
    Attribute::text("department", "The department."),
    Attribute::complex("manager", &MANAGER, "Whom they report to."),
];

static MANAGER: [Attribute; 3] = [
    Attribute::text("value", "The manager's id.").exact(),
    Attribute::reference("$ref", &["User"], "The manager."),
    Attribute::text("displayName", "The manager's name.").read_only(),
];
