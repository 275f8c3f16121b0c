//! How work items are listed.

use std::str::FromStr;

use kernel::{Cursor, Limit};
use serde::Deserialize;
use tr_app::work_items::{WorkItemFilter, WorkItemSort};
use tr_domain::{UnknownWord, WorkItemKind};
use utoipa::IntoParams;
use uuid::Uuid;
use web::{ApiError, ProblemCode};

/// Which work items, in which order.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct WorkItemQuery {
    /// Only items of this grid, and the grid itself.
    pub(super) grid_id: Option<Uuid>,
    /// Only items directly below this one.
    pub(super) parent_id: Option<Uuid>,
    /// Only grids in this folder.
    pub(super) folder_id: Option<Uuid>,
    /// Only items of this kind; several are separated by commas.
    #[param(value_type = Option<String>, example = "element,gate")]
    pub(super) kind: Option<String>,
    /// Only items assigned to this member.
    pub(super) assignee_id: Option<Uuid>,
    /// Only items that are (not) complete.
    pub(super) complete: Option<bool>,
    /// Only items whose name or description has this text.
    #[param(max_length = 200)]
    pub(super) q: Option<String>,
    /// The order: `created_at`, `updated_at`, `name`, `position`, `start`, `finish` or `deadline`;
    /// with `-` before it, the greatest first.
    pub(super) sort: Option<String>,
    /// How many, 1 to 200.
    #[param(value_type = Option<u16>, default = 50, minimum = 1, maximum = 200)]
    pub(super) limit: Limit,
    /// Where the page starts: `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    pub(super) cursor: Option<Cursor>,
}

impl TryFrom<WorkItemQuery> for WorkItemFilter {
    type Error = ApiError;

    fn try_from(query: WorkItemQuery) -> Result<Self, ApiError> {
        let kinds: Vec<WorkItemKind> = words("/kind", query.kind.as_deref())?;
        let sort: Vec<WorkItemSort> = words("/sort", query.sort.as_deref())?;
        Ok(Self {
            grid_id: query.grid_id.map(Into::into),
            folder_id: query.folder_id.map(Into::into),
            parent_id: query.parent_id.map(Into::into),
            kinds,
            assignee_id: query.assignee_id.map(Into::into),
            complete: query.complete,
            q: query.q,
            sort: sort.first().copied().unwrap_or_default(),
            limit: query.limit,
            cursor: query.cursor,
        })
    }
}

/// The words of a parameter, separated by commas.
fn words<W: FromStr<Err = UnknownWord>>(
    pointer: &str,
    text: Option<&str>,
) -> Result<Vec<W>, ApiError> {
    let words = text.into_iter().flat_map(|text| text.split(','));
    words
        .map(|word| word.trim().parse())
        .collect::<Result<_, UnknownWord>>()
        .map_err(|unknown| {
            ApiError::new(ProblemCode::InvalidQuery).field(
                pointer,
                "invalid_value",
                format!("expected one of {}", unknown.expected.join(", ")),
            )
        })
}
