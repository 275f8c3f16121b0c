//! The documents by which a server tells what it is (RFC 7644 §4).

use serde_json::{Map, Value, json};

use crate::{
    MAX_COUNT,
    attribute::{Attribute, Kind, Mutability, ResourceKind, Returned, Schema, Uniqueness},
    schemas,
};

const KINDS: [&ResourceKind; 2] = [&schemas::USER, &schemas::GROUP];

/// What the server can do.
#[must_use]
pub fn service_provider_config(base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": MAX_COUNT },
        "changePassword": { "supported": false },
        "sort": { "supported": false },
        "etag": { "supported": true },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token that an architect of the tenant made for its directory.",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base}/ServiceProviderConfig"),
        },
    })
}

/// The kinds of resources.
#[must_use]
pub fn resource_types(base: &str) -> Vec<Value> {
    KINDS.iter().map(|kind| describe_kind(base, kind)).collect()
}

/// One kind of resources.
#[must_use]
pub fn resource_type(base: &str, id: &str) -> Option<Value> {
    let kind = KINDS.iter().find(|kind| kind.name == id)?;
    Some(describe_kind(base, kind))
}

fn describe_kind(base: &str, kind: &ResourceKind) -> Value {
    let extensions: Vec<Value> = kind
        .extensions
        .iter()
        .map(|schema| json!({ "schema": schema.id, "required": false }))
        .collect();
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": kind.name,
        "name": kind.name,
        "endpoint": kind.endpoint,
        "description": kind.description,
        "schema": kind.schema.id,
        "schemaExtensions": extensions,
        "meta": {
            "resourceType": "ResourceType",
            "location": format!("{base}/ResourceTypes/{}", kind.name),
        },
    })
}

/// All schemas.
#[must_use]
pub fn schemas(base: &str) -> Vec<Value> {
    schemas::all()
        .map(|schema| describe_schema(base, schema))
        .collect()
}

/// One schema.
#[must_use]
pub fn schema(base: &str, id: &str) -> Option<Value> {
    let schema = schemas::all().find(|schema| schema.id.eq_ignore_ascii_case(id))?;
    Some(describe_schema(base, schema))
}

fn describe_schema(base: &str, schema: &Schema) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": describe_all(schema.attributes),
        "meta": {
            "resourceType": "Schema",
            "location": format!("{base}/Schemas/{}", schema.id),
        },
    })
}

fn describe_all(attributes: &[Attribute]) -> Vec<Value> {
    attributes.iter().map(describe).collect()
}

fn describe(attribute: &Attribute) -> Value {
    let mut entry = Map::new();
    let mut put = |name: &str, value: Value| {
        entry.insert(name.to_owned(), value);
    };
    put("name", attribute.name.into());
    put("description", attribute.description.into());
    put("multiValued", attribute.many.into());
    put("required", attribute.required.into());
    put("mutability", mutability(attribute.mutability).into());
    put("returned", returned(attribute.returned).into());
    match attribute.kind {
        Kind::Text => put("type", "string".into()),
        Kind::Boolean => put("type", "boolean".into()),
        Kind::Integer => put("type", "integer".into()),
        Kind::DateTime => put("type", "dateTime".into()),
        Kind::Reference(to) => {
            put("type", "reference".into());
            put("referenceTypes", to.into());
        }
        Kind::Complex(parts) => {
            put("type", "complex".into());
            put("subAttributes", describe_all(parts).into());
        }
    }
    if matches!(attribute.kind, Kind::Text | Kind::Reference(_)) {
        put("caseExact", attribute.case_exact.into());
        put("uniqueness", uniqueness(attribute.uniqueness).into());
    }
    if !attribute.canonical.is_empty() {
        put("canonicalValues", attribute.canonical.into());
    }
    Value::Object(entry)
}

const fn mutability(mutability: Mutability) -> &'static str {
    match mutability {
        Mutability::ReadWrite => "readWrite",
        Mutability::ReadOnly => "readOnly",
        Mutability::Immutable => "immutable",
    }
}

const fn returned(returned: Returned) -> &'static str {
    match returned {
        Returned::Always => "always",
        Returned::Default => "default",
    }
}

const fn uniqueness(uniqueness: Uniqueness) -> &'static str {
    match uniqueness {
        Uniqueness::None => "none",
        Uniqueness::Server => "server",
    }
}
