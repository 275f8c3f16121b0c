//! SCIM 2.0 (RFC 7643, RFC 7644) without a server: what a tenant's directory may say of users and
//! groups, how it asks for them, and what a PATCH makes of them.
//!
//! Resources are JSON objects in one spelling: names as the schemas write them, values of the type
//! that the schemas say, nothing that is read-only, nothing empty. [`read_resource`] brings what a
//! directory sends into that form, and everything else here relies on it.

mod attribute;
mod discovery;
mod error;
mod filter;
mod group;
mod patch;
mod projection;
mod query;
mod resource;
mod schemas;
mod target;
mod user;

pub use attribute::{Attribute, Kind, Mutability, ResourceKind, Returned, Schema, Uniqueness};
pub use discovery::{
    resource_type, resource_types, schema, schemas as schema_list, service_provider_config,
};
pub use error::{ScimError, ScimType};
pub use filter::{Comparison, Filter, Literal, Operator};
pub use group::GroupRecord;
pub use patch::{Operation, PatchOp, apply_patch, read_patch};
pub use projection::Projection;
pub use query::{DEFAULT_COUNT, ListQuery, MAX_COUNT, list_response};
pub use resource::{MAX_TEXT, read_resource};
pub use schemas::{ENTERPRISE_USER, GROUP, GROUP_SCHEMA, USER, USER_SCHEMA};
pub use target::Target;
pub use user::UserRecord;

/// The media type of every body (RFC 7644 §8.1).
pub const MEDIA_TYPE: &str = "application/scim+json";
