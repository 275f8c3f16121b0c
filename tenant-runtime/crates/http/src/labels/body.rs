//! What clients send about labels.

use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

/// A new label.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct LabelCreate {
    /// Unlike any other label's.
    #[schema(min_length = 1, max_length = 100)]
    pub(super) name: String,
    /// `#rrggbb`.
    #[schema(pattern = "^#[0-9a-fA-F]{6}$")]
    pub(super) colour: String,
}

/// A change of a label. What is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
#[serde(default)]
#[garde(allow_unvalidated)]
pub(crate) struct LabelPatch {
    /// Unlike any other label's.
    #[schema(min_length = 1, max_length = 100)]
    pub(super) name: Option<String>,
    /// `#rrggbb`.
    #[schema(pattern = "^#[0-9a-fA-F]{6}$")]
    pub(super) colour: Option<String>,
}
