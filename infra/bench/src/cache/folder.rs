//! The grids of a folder: as they are listed, and the fastest that they could be found. Rights are
//! held on each grid, so that a hit would have to ask which of them the reader sees.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use kernel::Limit;
use sea_orm::{ConnectionTrait as _, DbBackend, QueryResult, Statement};
use tr_app::work_items::{WorkItemFilter, get_work_item, list_work_items};
use tr_domain::WorkItemKind;
use tr_store::work_items::{Sort, SortKey};
use uuid::Uuid;

use super::plan::Plan;

/// All pages of the listing, one behind the other, as JSON.
pub async fn computed(plan: &Plan) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    let mut cursor = None;
    loop {
        let filter = WorkItemFilter {
            folder_id: Some(plan.folder),
            kinds: vec![WorkItemKind::Grid],
            sort: Sort {
                key: SortKey::Position,
                descending: false,
            },
            limit: Limit::new(Limit::MAX).context("the largest page")?,
            cursor,
            ..WorkItemFilter::default()
        };
        let page = list_work_items(&plan.context(), &plan.db, filter).await?;
        serde_json::to_writer(&mut body, &page)?;
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(body);
        }
    }
}

/// The listing as it would lie in memory: every grid's JSON by its id and version.
pub struct Listing(HashMap<(Uuid, u64), Vec<u8>>);

/// Which grids of the folder the reader sees, and in which version. A listing says how far each grid
/// is, so that what is done in any of them changes it. One version for the whole folder would have
/// the writers of all its grids wait for each other.
const SEEN: &str = "SELECT i.id, CAST(COALESCE(e.version, 0) AS UNSIGNED) FROM work_items i \
    LEFT JOIN cache_epochs e ON e.scope = i.id \
    WHERE i.folder_id = ? AND i.deleted_at IS NULL AND EXISTS (SELECT 1 \
    FROM grants gr WHERE (gr.member_id = ? \
    OR gr.group_id IN (SELECT id FROM member_groups WHERE system IN ('users', 'internal')) \
    OR gr.group_id IN (SELECT group_id FROM group_members WHERE member_id = ?)) \
    AND gr.object_id = i.id) ORDER BY i.position, i.id";

impl Listing {
    /// The listing of the folder.
    pub async fn read(plan: &Plan) -> Result<Self> {
        let mut kept = HashMap::new();
        let context = plan.context();
        for (id, version) in seen(plan).await? {
            let item = get_work_item(&context, &plan.db, id.into()).await?;
            kept.insert((id, version), serde_json::to_vec(&item)?);
        }
        Ok(Self(kept))
    }

    /// The grids that the reader sees.
    pub async fn found(&self, plan: &Plan) -> Result<usize> {
        let mut body = Vec::new();
        for grid in seen(plan).await? {
            body.extend_from_slice(self.0.get(&grid).context("a grid that is kept")?);
            body.push(b',');
        }
        Ok(body.len())
    }
}

async fn seen(plan: &Plan) -> Result<Vec<(Uuid, u64)>> {
    let (folder, member) = (plan.folder.as_uuid(), plan.context().actor.member.as_uuid());
    let values = [folder, member, member].map(Into::into);
    let statement = Statement::from_sql_and_values(DbBackend::MySql, SEEN, values);
    let rows = plan.db.conn().query_all_raw(statement).await?;
    let grid = |row: &QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
    let grids: Result<_, sea_orm::DbErr> = rows.iter().map(grid).collect();
    Ok(grids?)
}
