//! The schemas of schemas, resource types and of what a server can do (RFC 7643 §5 to §7).

use crate::attribute::{Attribute, Kind, Schema};

/// What the documents of the server itself look like.
pub(crate) static META: [Schema; 3] = [
    Schema {
        id: "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig",
        name: "ServiceProviderConfig",
        description: "What the server can do.",
        attributes: &CONFIG,
    },
    Schema {
        id: "urn:ietf:params:scim:schemas:core:2.0:ResourceType",
        name: "ResourceType",
        description: "A kind of resource.",
        attributes: &RESOURCE_TYPE,
    },
    Schema {
        id: "urn:ietf:params:scim:schemas:core:2.0:Schema",
        name: "Schema",
        description: "A list of attributes.",
        attributes: &SCHEMA,
    },
];

const fn ro(name: &'static str, kind: Kind, description: &'static str) -> Attribute {
    Attribute::new(name, kind, description).read_only()
}

const SUPPORTED: Attribute = ro("supported", Kind::Boolean, "Whether it can.").required();

static FLAG: [Attribute; 1] = [SUPPORTED];

static BULK: [Attribute; 3] = [
    SUPPORTED,
    ro("maxOperations", Kind::Integer, "How many at most.").required(),
    ro("maxPayloadSize", Kind::Integer, "How large at most.").required(),
];

static FILTER: [Attribute; 2] = [
    SUPPORTED,
    ro("maxResults", Kind::Integer, "How many at most.").required(),
];

static SCHEMES: [Attribute; 6] = [
    ro("type", Kind::Text, "The kind of authentication.").required(),
    ro("name", Kind::Text, "Its name.").required(),
    ro("description", Kind::Text, "What it is.").required(),
    ro(
        "specUri",
        Kind::Reference(&["external"]),
        "Where it is specified.",
    ),
    ro(
        "documentationUri",
        Kind::Reference(&["external"]),
        "Where it is explained.",
    ),
    ro("primary", Kind::Boolean, "Whether it is the preferred one."),
];

static CONFIG: [Attribute; 8] = [
    ro(
        "documentationUri",
        Kind::Reference(&["external"]),
        "Where the server is explained.",
    ),
    ro("patch", Kind::Complex(&FLAG), "PATCH.").required(),
    ro("bulk", Kind::Complex(&BULK), "Many at once.").required(),
    ro("filter", Kind::Complex(&FILTER), "Filters.").required(),
    ro(
        "changePassword",
        Kind::Complex(&FLAG),
        "Changing passwords.",
    )
    .required(),
    ro("sort", Kind::Complex(&FLAG), "Sorting.").required(),
    ro("etag", Kind::Complex(&FLAG), "Entity tags.").required(),
    ro(
        "authenticationSchemes",
        Kind::Complex(&SCHEMES),
        "How clients prove who they are.",
    )
    .many()
    .required(),
];

static EXTENSIONS: [Attribute; 2] = [
    ro("schema", Kind::Reference(&["uri"]), "The schema.").required(),
    ro("required", Kind::Boolean, "Whether every resource has it.").required(),
];

static RESOURCE_TYPE: [Attribute; 6] = [
    ro("id", Kind::Text, "Its id."),
    ro("name", Kind::Text, "Its name.").required(),
    ro("description", Kind::Text, "What it is."),
    ro(
        "endpoint",
        Kind::Reference(&["uri"]),
        "Where its resources are.",
    )
    .required(),
    ro("schema", Kind::Reference(&["uri"]), "Its schema.").required(),
    ro(
        "schemaExtensions",
        Kind::Complex(&EXTENSIONS),
        "Schemas that it may have besides.",
    )
    .many(),
];

static SCHEMA: [Attribute; 4] = [
    ro("id", Kind::Text, "Its URN.").required(),
    ro("name", Kind::Text, "Its name."),
    ro("description", Kind::Text, "What it describes."),
    ro("attributes", Kind::Complex(&ATTRIBUTE), "The attributes.")
        .many()
        .required(),
];

const NAME: Attribute = ro("name", Kind::Text, "Its name.").required().exact();
const TYPE: Attribute = ro("type", Kind::Text, "The kind of value.")
    .required()
    .one_of(&[
        "string",
        "complex",
        "boolean",
        "decimal",
        "integer",
        "dateTime",
        "reference",
        "binary",
    ]);
const MANY: Attribute = ro("multiValued", Kind::Boolean, "Whether it has several.").required();
const DESCRIPTION: Attribute = ro("description", Kind::Text, "What it is for.");
const REQUIRED: Attribute = ro("required", Kind::Boolean, "Whether it is always there.");
const CANONICAL: Attribute = ro(
    "canonicalValues",
    Kind::Text,
    "Words that are meant to be used.",
)
.many();
const EXACT: Attribute = ro("caseExact", Kind::Boolean, "Whether capitals count.");
const MUTABILITY: Attribute = ro("mutability", Kind::Text, "Who may change it.").one_of(&[
    "readOnly",
    "readWrite",
    "immutable",
    "writeOnly",
]);
const RETURNED: Attribute = ro("returned", Kind::Text, "When it is answered.")
    .one_of(&["always", "never", "default", "request"]);
const UNIQUENESS: Attribute =
    ro("uniqueness", Kind::Text, "Among what it is unique.").one_of(&["none", "server", "global"]);
const REFERENCES: Attribute = ro(
    "referenceTypes",
    Kind::Text,
    "What a reference may lead to.",
)
.many();

static PART: [Attribute; 11] = [
    NAME,
    TYPE,
    MANY,
    DESCRIPTION,
    REQUIRED,
    CANONICAL,
    EXACT,
    MUTABILITY,
    RETURNED,
    UNIQUENESS,
    REFERENCES,
];

static ATTRIBUTE: [Attribute; 12] = [
    NAME,
    TYPE,
    MANY,
    DESCRIPTION,
    REQUIRED,
    CANONICAL,
    EXACT,
    MUTABILITY,
    RETURNED,
    UNIQUENESS,
    REFERENCES,
    ro(
        "subAttributes",
        Kind::Complex(&PART),
        "The attributes of which it consists.",
    )
    .many(),
];
