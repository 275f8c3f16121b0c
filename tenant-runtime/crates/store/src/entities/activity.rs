//! Table `activity`.

use sea_orm::entity::prelude::*;

/// One entry of the activity log.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "activity")]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_number: u64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub ordinal: u16,
    pub occurred_at: DateTimeUtc,
    pub actor_id: Uuid,
    pub kind: String,
    pub object_id: Uuid,
    pub grid_id: Option<Uuid>,
    pub folder_id: Option<Uuid>,
    pub field: Option<String>,
    pub old_value: Option<Json>,
    pub new_value: Option<Json>,
    pub request_id: String,
}

/// Joins are written where they are read.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
