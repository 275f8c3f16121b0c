//! The schemas of users and groups: what a tool for plans has a use for, and no more. Secrets are
//! not among them: a directory neither sets nor learns a password.

mod group;
mod meta;
mod user;

use crate::attribute::{Attribute, Kind, ResourceKind, Schema};

pub use group::GROUP_SCHEMA;
pub(crate) use meta::META;
pub use user::{ENTERPRISE_USER, USER_SCHEMA};

/// A person of the tenant.
pub static USER: ResourceKind = ResourceKind {
    name: "User",
    endpoint: "/Users",
    description: "A member of the tenant.",
    schema: &USER_SCHEMA,
    extensions: &[&ENTERPRISE_USER],
};

/// A group of the tenant's directory.
pub static GROUP: ResourceKind = ResourceKind {
    name: "Group",
    endpoint: "/Groups",
    description: "A group of members; one that architects mapped gives them a role.",
    schema: &GROUP_SCHEMA,
    extensions: &[],
};

/// What every resource has besides its schema (RFC 7643 §3.1).
pub(crate) static COMMON: [Attribute; 4] = [
    Attribute::text("id", "Identifies the resource.")
        .exact()
        .read_only()
        .always(),
    Attribute::text(
        "externalId",
        "Identifies the resource in the tenant's directory.",
    )
    .exact(),
    Attribute::reference("schemas", &["uri"], "The schemas of the resource.")
        .many()
        .always(),
    Attribute::complex("meta", &META_PARTS, "About the resource.").read_only(),
];

static META_PARTS: [Attribute; 5] = [
    Attribute::text("resourceType", "The kind of resource.")
        .exact()
        .read_only(),
    Attribute::new(
        "created",
        Kind::DateTime,
        "When the resource came to be known.",
    )
    .read_only(),
    Attribute::new("lastModified", Kind::DateTime, "When it last changed.").read_only(),
    Attribute::reference("location", &["uri"], "Where it is.").read_only(),
    Attribute::text("version", "Its entity tag.")
        .exact()
        .read_only(),
];

/// Every schema, the ones of schemas included.
pub(crate) fn all() -> impl Iterator<Item = &'static Schema> {
    let ours: [&'static Schema; 3] = [&USER_SCHEMA, &ENTERPRISE_USER, &GROUP_SCHEMA];
    ours.into_iter().chain(META.iter())
}
