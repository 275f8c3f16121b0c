//! The counters of roll-up. The caller holds the lock of the grid, so that no count is lost.

use std::collections::BTreeMap;

use kernel::WorkItemId;
use sea_orm::ConnectionTrait;
use tr_domain::rollup::{Counters, Node, Part, recompute};

use crate::StoreError;
use crate::sql::Sql;

/// Adds a difference to the counters of items.
///
/// # Errors
/// When the database fails; a counter below nothing is such a failure.
pub async fn add_counters(
    conn: &impl ConnectionTrait,
    to: &[WorkItemId],
    difference: Counters,
) -> Result<(), StoreError> {
    if difference.is_zero() || to.is_empty() {
        return Ok(());
    }
    Sql::new(
        "UPDATE work_items SET leaves = leaves + ?, leaves_done = leaves_done + ?, \
         leaves_unsized = leaves_unsized + ?, weight = weight + ?, weight_done = weight_done + ? \
         WHERE id IN ",
    )
    .bind(difference.leaves)
    .bind(difference.done)
    .bind(difference.unsized_leaves)
    .bind(difference.weight)
    .bind(difference.weight_done)
    .ids(to.iter().copied())
    .run(conn)
    .await
    .map(drop)
}

struct Stored {
    node: Node,
    counters: Counters,
}

/// Counts a grid from nothing, and writes what differs; gives how many rows did. For changes of
/// whole columns and rows, where differences are many.
///
/// # Errors
/// When the database fails.
pub async fn recount(conn: &impl ConnectionTrait, grid: WorkItemId) -> Result<usize, StoreError> {
    let stored = nodes(conn, grid).await?;
    let nodes: Vec<Node> = stored.iter().map(|s| s.node).collect();
    let wanted = recompute(&nodes);
    let kept: BTreeMap<_, _> = stored.iter().map(|s| (s.node.id, s.counters)).collect();
    let mut changed = 0;
    for (id, counters) in wanted {
        let difference = counters.minus(kept.get(&id).copied().unwrap_or_default());
        if !difference.is_zero() && kept.contains_key(&id) {
            add_counters(conn, &[id], difference).await?;
            changed += 1;
        }
    }
    Ok(changed)
}

async fn nodes(conn: &impl ConnectionTrait, grid: WorkItemId) -> Result<Vec<Stored>, StoreError> {
    Sql::new(
        "SELECT i.id, i.kind, e.element_type, i.completed_at IS NOT NULL, i.duration_minutes, \
         i.parent_id, IF(i.kind = 'element', i.theme_id, NULL), i.grid_id, i.leaves, \
         i.leaves_done, i.leaves_unsized, i.weight, i.weight_done \
         FROM work_items i LEFT JOIN elements e ON e.work_item_id = i.id \
         WHERE i.grid_id = ? AND i.deleted_at IS NULL",
    )
    .bind(grid.as_uuid())
    .all(conn, |c| {
        Ok(Stored {
            node: Node {
                id: c.id()?,
                part: Part {
                    kind: c.word()?,
                    element_type: c.word_opt()?,
                    completed: c.get()?,
                    minutes: c.get()?,
                },
                parent: c.id_opt()?,
                theme: c.id_opt()?,
                grid: c.id()?,
            },
            counters: Counters {
                leaves: c.get::<u32>()?.into(),
                done: c.get::<u32>()?.into(),
                unsized_leaves: c.get::<u32>()?.into(),
                weight: c.get::<i64>()?,
                weight_done: c.get::<i64>()?,
            },
        })
    })
    .await
}
