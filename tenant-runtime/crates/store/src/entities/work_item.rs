//! Table `work_items`.

use sea_orm::entity::prelude::*;

/// What all six kinds of work item have.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "work_items")]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub kind: String,
    pub grid_id: Uuid,
    pub parent_id: Option<Uuid>,
    pub folder_id: Option<Uuid>,
    pub stage_id: Option<Uuid>,
    pub theme_id: Option<Uuid>,
    pub position: i64,
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub description: String,
    pub assignee_id: Option<Uuid>,
    pub rag: Option<String>,
    pub completed_at: Option<DateTimeUtc>,
    pub completed_by: Option<Uuid>,
    pub leaves: u32,
    pub leaves_done: u32,
    pub leaves_unsized: u32,
    pub weight: u64,
    pub weight_done: u64,
    pub start: Option<DateTime>,
    pub finish: Option<DateTime>,
    pub duration_minutes: Option<u32>,
    pub scheduling: Option<String>,
    pub constraint_kind: Option<String>,
    pub constraint_date: Option<DateTime>,
    pub deadline: Option<DateTime>,
    pub calendar_id: Option<Uuid>,
    pub actual_start: Option<DateTime>,
    pub actual_finish: Option<DateTime>,
    pub remaining_minutes: Option<u32>,
    pub revision: u32,
    pub schedule_revision: u32,
    pub created_at: DateTimeUtc,
    pub created_by: Uuid,
    pub updated_at: DateTimeUtc,
    pub deleted_at: Option<DateTimeUtc>,
    pub deletion: Option<Uuid>,
}

/// Joins are written where they are read.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
