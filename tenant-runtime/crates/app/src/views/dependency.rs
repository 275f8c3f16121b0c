//! A dependency, with no more of its ends than the caller may see.

use chrono::{DateTime, Utc};
use kernel::{DependencyId, Revision, WorkItemId};
use serde::Serialize;
use tr_domain::{DependencyKind, LocalMinute};
use tr_store::dependencies::{DependencyRow, EndRow};
use utoipa::ToSchema;

/// What stands for the name of an end that the caller may not see.
pub const HIDDEN_NAME: &str = "an item you cannot see";

/// One end of a dependency. Of a hidden one only the dates are given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DependencyEnd {
    /// The item; null when the caller may not see it.
    #[schema(value_type = Option<Uuid>, required = true)]
    pub id: Option<WorkItemId>,
    /// The grid it lies in; null when the caller may not see it.
    #[schema(value_type = Option<Uuid>, required = true)]
    pub grid_id: Option<WorkItemId>,
    /// Its name, or "an item you cannot see".
    pub name: String,
    /// Whether the caller may see it.
    pub visible: bool,
    /// Its start.
    #[schema(value_type = Option<String>, required = true)]
    pub start: Option<LocalMinute>,
    /// Its finish.
    #[schema(value_type = Option<String>, required = true)]
    pub finish: Option<LocalMinute>,
}

impl From<EndRow> for DependencyEnd {
    fn from(row: EndRow) -> Self {
        let visible = row.level.is_some();
        Self {
            id: visible.then_some(row.id),
            grid_id: visible.then_some(row.grid_id),
            name: if visible {
                row.name
            } else {
                HIDDEN_NAME.into()
            },
            visible,
            start: row.start,
            finish: row.finish,
        }
    }
}

/// A link from a predecessor to a successor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DependencyView {
    /// The dependency.
    #[schema(value_type = Uuid)]
    pub id: DependencyId,
    /// What comes first.
    pub predecessor: DependencyEnd,
    /// What follows.
    pub successor: DependencyEnd,
    /// `FS`, `SS`, `FF` or `SF`.
    #[schema(value_type = String, pattern = "^(FS|SS|FF|SF)$")]
    pub kind: DependencyKind,
    /// Working minutes between the ends; negative for a lead.
    pub lag_minutes: i32,
    /// How often it was changed; its `ETag`.
    #[schema(value_type = u32)]
    pub revision: Revision,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl From<DependencyRow> for DependencyView {
    fn from(row: DependencyRow) -> Self {
        Self {
            id: row.id,
            predecessor: row.predecessor.into(),
            successor: row.successor.into(),
            kind: row.kind,
            lag_minutes: row.lag_minutes,
            revision: row.revision,
            created_at: row.created_at,
        }
    }
}
