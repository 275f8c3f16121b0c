//! Table `grants`.

use sea_orm::entity::prelude::*;

/// A right of a member or group on a folder or grid.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "grants")]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub object_id: Uuid,
    pub object: String,
    pub member_id: Option<Uuid>,
    pub group_id: Option<Uuid>,
    pub level: u8,
    pub revision: u32,
    pub created_at: DateTimeUtc,
}

/// Joins are written where they are read.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
