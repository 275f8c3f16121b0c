//! Table `outbox`.

use sea_orm::entity::prelude::*;

/// An event for one class of consumers.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: u64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub class: String,
    pub event_id: Uuid,
    pub kind: String,
    pub version: u16,
    pub payload: Json,
    pub occurred_at: DateTimeUtc,
    pub traceparent: Option<String>,
    pub published_at: Option<DateTimeUtc>,
    pub done_at: Option<DateTimeUtc>,
    pub dead_at: Option<DateTimeUtc>,
}

/// Joins are written where they are read.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
