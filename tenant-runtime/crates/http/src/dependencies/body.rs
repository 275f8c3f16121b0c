//! What clients send about dependencies.

use garde::Validate;
use kernel::{Cursor, Limit};
use serde::Deserialize;
use tr_app::dependencies::{CreateDependency, DependencyFilter};
use tr_domain::DependencyKind;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::schema;

/// A new link between two items that can be scheduled.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct DependencyCreate {
    /// What comes first.
    predecessor_id: Uuid,
    /// What follows.
    successor_id: Uuid,
    /// Which ends are tied; `FS` unless given.
    #[serde(default = "finish_to_start")]
    #[schema(value_type = Option<schema::DependencyKindWord>)]
    kind: DependencyKind,
    /// Working minutes between them; negative for a lead.
    #[serde(default)]
    lag_minutes: i32,
}

const fn finish_to_start() -> DependencyKind {
    DependencyKind::FinishToStart
}

impl From<DependencyCreate> for CreateDependency {
    fn from(link: DependencyCreate) -> Self {
        Self {
            predecessor_id: link.predecessor_id.into(),
            successor_id: link.successor_id.into(),
            kind: link.kind,
            lag_minutes: link.lag_minutes,
        }
    }
}

/// Which dependencies.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct DependencyQuery {
    /// Only those of this item.
    item_id: Option<Uuid>,
    /// Only those with an end in this grid.
    grid_id: Option<Uuid>,
    /// How many, 1 to 200.
    #[param(value_type = Option<u16>, default = 50, minimum = 1, maximum = 200)]
    limit: Limit,
    /// Where the page starts: `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

impl From<DependencyQuery> for DependencyFilter {
    fn from(query: DependencyQuery) -> Self {
        Self {
            item_id: query.item_id.map(Into::into),
            grid_id: query.grid_id.map(Into::into),
            limit: query.limit,
            cursor: query.cursor,
        }
    }
}
