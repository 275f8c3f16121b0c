//! A grid as a board. It is the same for all who see the grid, so it is computed once per version
//! of the grid and kept; whether somebody sees it is asked each time.

use std::collections::BTreeMap;

use bytes::Bytes;
use db::TenantDb;
use kernel::{RequestContext, WorkItemId};
use tr_cache::{Cache, Computed, Key, Kind, NoAnswer};
use tr_domain::WorkItemKind;
use tr_domain::access::{Level, Viewer};
use tr_store::work_items::{self as store, ItemRow};
use tr_store::{StoreError, epochs};

use crate::error::{Denied, allow};
use crate::views::{BoardCard, BoardCell, BoardStage, BoardView, TaskCount};
use crate::work_items::WorkItemError;

/// Stages × themes with their cells, gates and progress: a [`BoardView`] as JSON. One statement
/// when it is kept.
///
/// # Errors
/// When there is no such grid, the item is none, the database fails, or too many boards are being
/// computed.
pub async fn get_board(
    ctx: &RequestContext,
    db: &TenantDb,
    cache: &Cache,
    grid: WorkItemId,
) -> Result<Bytes, WorkItemError> {
    let viewer = Viewer::of(&ctx.actor);
    let found = epochs::of_grid(db.conn(), &viewer, grid)
        .await?
        .ok_or(Denied::NotFound)?;
    allow(found.level, Level::View)?;
    let key = Key {
        tenant: ctx.tenant,
        kind: Kind::Board,
        scope: grid.as_uuid(),
        version: found.version,
    };
    cache
        .get(key, ctx.now, async || compute(db, grid).await)
        .await
        .map_err(|none| match none {
            NoAnswer::Busy => WorkItemError::Busy,
            NoAnswer::Failed(error) => error,
        })
}

/// The board and the version of what it was computed from, of one snapshot.
async fn compute(db: &TenantDb, grid: WorkItemId) -> Result<Computed, WorkItemError> {
    let everything = Viewer::of_everything();
    let tx = db.begin().await.map_err(StoreError::from)?;
    let found = epochs::of_grid(&tx, &everything, grid)
        .await?
        .ok_or(Denied::NotFound)?;
    let item = store::find(&tx, &everything, grid)
        .await?
        .ok_or(Denied::NotFound)?;
    let items = store::of_grid(&tx, &everything, grid).await?;
    tx.rollback().await.map_err(StoreError::from)?;
    let body = serde_json::to_vec(&arrange(item, items)).map_err(StoreError::from)?;
    Ok(Computed {
        version: found.version,
        body: body.into(),
    })
}

/// Puts the items, which are in order, where they belong.
fn arrange(grid: ItemRow, items: Vec<ItemRow>) -> BoardView {
    let mut view = BoardView {
        grid: grid.into(),
        stages: Vec::new(),
        themes: Vec::new(),
        cells: Vec::new(),
    };
    let mut gates: BTreeMap<WorkItemId, Vec<BoardCard>> = BTreeMap::new();
    let mut cells: BTreeMap<(WorkItemId, WorkItemId), Vec<BoardCard>> = BTreeMap::new();
    for item in items {
        match (item.kind, item.stage_id, item.theme_id) {
            (WorkItemKind::Stage, ..) => {
                view.stages.push(BoardStage {
                    item: item.into(),
                    gates: Vec::new(),
                });
            }
            (WorkItemKind::Theme, ..) => view.themes.push(item.into()),
            (WorkItemKind::Gate, Some(stage), _) => {
                gates.entry(stage).or_default().push(card(item));
            }
            (WorkItemKind::Element, Some(stage), Some(theme)) => {
                cells.entry((stage, theme)).or_default().push(card(item));
            }
            _ => {}
        }
    }
    for stage in &mut view.stages {
        stage.gates = gates.remove(&stage.item.id).unwrap_or_default();
        for theme in &view.themes {
            let (stage_id, theme_id) = (stage.item.id, theme.id);
            if let Some(elements) = cells.remove(&(stage_id, theme_id)) {
                view.cells.push(BoardCell {
                    stage_id,
                    theme_id,
                    elements,
                });
            }
        }
    }
    view
}

fn card(item: ItemRow) -> BoardCard {
    let count = |n: i64| u32::try_from(n).unwrap_or(0);
    let tasks = TaskCount {
        total: count(item.counters.leaves),
        done: count(item.counters.done),
    };
    BoardCard {
        item: item.into(),
        tasks,
    }
}
