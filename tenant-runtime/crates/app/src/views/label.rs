//! A label of the tenant.

use chrono::{DateTime, Utc};
use kernel::{LabelId, Revision};
use serde::Serialize;
use utoipa::ToSchema;

/// A coloured tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LabelView {
    /// The label.
    #[schema(value_type = Uuid)]
    pub id: LabelId,
    /// Its name, unlike any other label's.
    pub name: String,
    /// Its colour, `#rrggbb`.
    #[schema(example = "#1a6b34")]
    pub colour: String,
    /// How often it was changed; its `ETag`.
    #[schema(value_type = u32)]
    pub revision: Revision,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

impl From<tr_store::labels::LabelRow> for LabelView {
    fn from(row: tr_store::labels::LabelRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            colour: row.colour,
            revision: row.revision,
            created_at: row.created_at,
        }
    }
}
