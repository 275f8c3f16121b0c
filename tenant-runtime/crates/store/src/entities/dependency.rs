//! Table `dependencies`.

use sea_orm::entity::prelude::*;

/// A link from a predecessor to a successor.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dependencies")]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub predecessor_id: Uuid,
    pub successor_id: Uuid,
    pub kind: String,
    pub lag_minutes: i32,
    pub revision: u32,
    pub created_at: DateTimeUtc,
}

/// Joins are written where they are read.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
