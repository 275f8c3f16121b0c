//! What clients send about folders.

use garde::Validate;
use kernel::{Cursor, Limit};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A new folder.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct FolderCreate {
    /// The folder it lies in.
    pub(super) parent_id: Uuid,
    /// One line of text.
    #[schema(min_length = 1, max_length = 200)]
    pub(super) name: String,
}

/// A change of a folder. What is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
#[serde(default)]
#[garde(allow_unvalidated)]
pub(crate) struct FolderPatch {
    /// One line of text.
    #[schema(min_length = 1, max_length = 200)]
    pub(super) name: Option<String>,
}

/// Where a folder goes. What is left out stays; without a neighbour it goes to the end.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
#[serde(default)]
#[garde(allow_unvalidated)]
pub(crate) struct FolderMove {
    /// Into this folder.
    pub(super) parent_id: Option<Uuid>,
    /// Right before this sibling.
    pub(super) before: Option<Uuid>,
    /// Right after this sibling.
    pub(super) after: Option<Uuid>,
}

/// Which folders.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct FolderQuery {
    /// Those in this folder; without it, the root and "My grids".
    pub(super) parent_id: Option<Uuid>,
    /// How many, 1 to 200.
    #[param(value_type = Option<u16>, default = 50, minimum = 1, maximum = 200)]
    pub(super) limit: Limit,
    /// Where the page starts: `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    pub(super) cursor: Option<Cursor>,
}
