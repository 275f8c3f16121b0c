//! Table `webhook_deliveries`.

use sea_orm::entity::prelude::*;

/// One event for one webhook.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_deliveries")]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub webhook_id: Uuid,
    pub event_number: Option<u64>,
    pub kind: String,
    pub body: String,
    pub state: String,
    pub attempts: u16,
    pub last_status: Option<u16>,
    pub last_error: Option<String>,
    pub duration_ms: Option<u32>,
    pub response: Option<String>,
    pub next_attempt_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub attempted_at: Option<DateTimeUtc>,
}

/// Joins are written where they are read.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
