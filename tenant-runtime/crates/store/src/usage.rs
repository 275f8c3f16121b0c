//! What a tenant uses.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;

use crate::StoreError;
use crate::sql::Sql;

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Active members.
    pub members: u32,
    /// Work items that are not deleted.
    pub items: u32,
    /// How large the database is.
    pub storage_bytes: u64,
    /// Events of the time asked for.
    pub events: u64,
}

/// Counts what there is now, and the events from one time to before another. Events are counted in
/// the outbox, so the time must not be before what that keeps.
///
/// # Errors
/// When the database fails.
pub async fn count(
    conn: &impl ConnectionTrait,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Usage, StoreError> {
    let sql = Sql::new(
        "SELECT CAST((SELECT COUNT(*) FROM members WHERE state = 'active') AS UNSIGNED), \
         CAST((SELECT COUNT(*) FROM work_items WHERE deleted_at IS NULL) AS UNSIGNED), \
         CAST((SELECT COALESCE(SUM(data_length + index_length), 0) \
               FROM information_schema.tables WHERE table_schema = DATABASE()) AS UNSIGNED), \
         CAST((SELECT COUNT(DISTINCT number) FROM outbox \
               WHERE occurred_at >= ? AND occurred_at < ?) AS UNSIGNED)",
    );
    let counted = sql.bind(from).bind(until).one(conn, |columns| {
        let (members, items): (u64, u64) = (columns.get()?, columns.get()?);
        Ok(Usage {
            members: u32::try_from(members).unwrap_or(u32::MAX),
            items: u32::try_from(items).unwrap_or(u32::MAX),
            storage_bytes: columns.get()?,
            events: columns.get()?,
        })
    });
    counted
        .await?
        .ok_or_else(|| StoreError::Unreadable("nothing was counted".into()))
}
