//! What clients send about groups.

use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

/// A new custom group.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct GroupCreate {
    /// Unlike any other group's.
    #[schema(min_length = 1, max_length = 100)]
    pub(super) name: String,
}

/// A change of a custom group. What is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
#[serde(default)]
#[garde(allow_unvalidated)]
pub(crate) struct GroupPatch {
    /// Unlike any other group's.
    #[schema(min_length = 1, max_length = 100)]
    pub(super) name: Option<String>,
}
