//! A grid as a board: two statements, whatever its size.

use std::collections::BTreeMap;

use db::TenantDb;
use kernel::{RequestContext, WorkItemId};
use tr_domain::WorkItemKind;
use tr_domain::access::{Level, Viewer};
use tr_store::work_items::{self as store, ItemRow};

use crate::error::{Denied, allow};
use crate::views::{BoardCard, BoardCell, BoardStage, BoardView, TaskCount};
use crate::work_items::WorkItemError;

/// Stages × themes with their cells, gates and progress.
///
/// # Errors
/// When there is no such grid, the item is none, or the database fails.
pub async fn get_board(
    ctx: &RequestContext,
    db: &TenantDb,
    grid: WorkItemId,
) -> Result<BoardView, WorkItemError> {
    let viewer = Viewer::of(&ctx.actor);
    let found = store::find(db.conn(), &viewer, grid)
        .await?
        .ok_or(Denied::NotFound)?;
    allow(found.level, Level::View)?;
    if found.kind != WorkItemKind::Grid {
        return Err(Denied::NotFound.into());
    }
    let items = store::of_grid(db.conn(), &viewer, grid).await?;
    Ok(arrange(found, items))
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
