//! Lists of items that the caller may see.

use db::TenantDb;
use kernel::{Cursor, FolderId, Limit, MemberId, Page, RequestContext, WorkItemId};
use tr_domain::access::Viewer;
use tr_domain::{Faults, WorkItemKind};
use tr_store::work_items::{self as store, Filter, Sort};
use uuid::Uuid;

use super::error::WorkItemError;
use crate::page::{cursor, page, place};
use crate::views::WorkItemView;

/// The longest text to search for.
const MAX_Q: usize = 200;

/// Which items, in which order, which page.
#[derive(Debug, Clone, Default)]
pub struct WorkItemFilter {
    /// Of this grid.
    pub grid_id: Option<WorkItemId>,
    /// Grids in this folder.
    pub folder_id: Option<FolderId>,
    /// Children of this item.
    pub parent_id: Option<WorkItemId>,
    /// Of these kinds; none for all.
    pub kinds: Vec<WorkItemKind>,
    /// Assigned to this member.
    pub assignee_id: Option<MemberId>,
    /// Complete, or not.
    pub complete: Option<bool>,
    /// With this text in name or description.
    pub q: Option<String>,
    /// The order.
    pub sort: Sort,
    /// How many.
    pub limit: Limit,
    /// Where the page starts.
    pub cursor: Option<Cursor>,
}

/// A page of the live items that the caller may see and that pass the filter.
///
/// # Errors
/// When the cursor or text is wrong, or the database fails.
pub async fn list_work_items(
    ctx: &RequestContext,
    db: &TenantDb,
    filter: WorkItemFilter,
) -> Result<Page<WorkItemView>, WorkItemError> {
    let WorkItemFilter { sort, limit, .. } = filter;
    let mut faults = Faults::none();
    let after = faults
        .absorb(place::<(Sort, String, Uuid)>(filter.cursor.as_ref()))
        .flatten();
    if after.as_ref().is_some_and(|(order, ..)| *order != sort) {
        faults.add("cursor", "invalid", "the cursor is of another order");
    }
    let q = filter
        .q
        .map(|q| q.trim().to_owned())
        .filter(|q| !q.is_empty());
    if q.as_ref().is_some_and(|q| q.chars().count() > MAX_Q) {
        faults.add("q", "too_long", format!("at most {MAX_Q} characters"));
    }
    faults.into_result()?;
    let narrowed = Filter {
        grid_id: filter.grid_id,
        folder_id: filter.folder_id,
        parent_id: filter.parent_id,
        kinds: filter.kinds,
        assignee_id: filter.assignee_id,
        complete: filter.complete,
        q,
    };
    let after = after.map(|(_, key, id)| (key, id));
    let viewer = Viewer::of(&ctx.actor);
    let rows = store::list(db.conn(), &viewer, &narrowed, sort, after, limit).await?;
    Ok(page(rows, limit, |row| {
        cursor(&(sort, sort.key.of(row), row.id.as_uuid()))
    }))
}
