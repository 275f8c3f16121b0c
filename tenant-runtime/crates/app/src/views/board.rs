//! A grid as a board, in one answer.

use kernel::WorkItemId;
use serde::Serialize;
use utoipa::ToSchema;

use super::WorkItemView;

/// How many tasks there are in an element or gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct TaskCount {
    /// All.
    pub total: u32,
    /// The completed ones.
    pub done: u32,
}

/// An element or gate with the count of its tasks.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BoardCard {
    /// The element or gate.
    #[serde(flatten)]
    pub item: WorkItemView,
    /// Its tasks.
    pub tasks: TaskCount,
}

/// A column, and the decisions after it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BoardStage {
    /// The stage.
    #[serde(flatten)]
    pub item: WorkItemView,
    /// Its gates, in order.
    pub gates: Vec<BoardCard>,
}

/// What lies where a stage and a theme cross.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BoardCell {
    /// The column.
    #[schema(value_type = Uuid)]
    pub stage_id: WorkItemId,
    /// The row.
    #[schema(value_type = Uuid)]
    pub theme_id: WorkItemId,
    /// The elements there, in order; never none.
    pub elements: Vec<BoardCard>,
}

/// Stages × themes with their cells, gates and progress.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BoardView {
    /// The grid.
    pub grid: WorkItemView,
    /// Its columns, in order.
    pub stages: Vec<BoardStage>,
    /// Its rows, in order.
    pub themes: Vec<WorkItemView>,
    /// The cells that hold elements, by stage, then theme.
    pub cells: Vec<BoardCell>,
}
