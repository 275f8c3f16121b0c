//! The table `tenant_usage`.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::TenantId;
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::{StoreError, sql};

/// What a tenant used on a day.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct UsageDay {
    /// The day, of UTC.
    pub day: NaiveDate,
    /// Active members.
    pub members: u32,
    /// Work items that are not deleted.
    pub items: u32,
    /// How large its database is.
    pub storage_bytes: u64,
    /// Events of that day.
    pub events: u64,
    /// When this was counted.
    pub collected_at: DateTime<Utc>,
}

/// The table `tenant_usage`.
#[derive(Debug, Clone, Copy)]
pub struct UsageStore;

impl UsageStore {
    /// Keeps a day, unless a later count of it is there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        usage: &UsageDay,
    ) -> Result<(), StoreError> {
        // Assigned from left to right: the time that decides has to come last.
        let text = "INSERT INTO tenant_usage \
             (tenant_id, day, members, items, storage_bytes, events, collected_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE \
             members = IF(VALUES(collected_at) > collected_at, VALUES(members), members), \
             items = IF(VALUES(collected_at) > collected_at, VALUES(items), items), \
             storage_bytes = IF(VALUES(collected_at) > collected_at, VALUES(storage_bytes), \
               storage_bytes), \
             events = IF(VALUES(collected_at) > collected_at, VALUES(events), events), \
             collected_at = GREATEST(collected_at, VALUES(collected_at))";
        let values = [
            tenant.as_uuid().into(),
            usage.day.into(),
            usage.members.into(),
            usage.items.into(),
            usage.storage_bytes.into(),
            usage.events.into(),
            usage.collected_at.into(),
        ];
        sql::execute(conn, text, values).await.map(drop)
    }

    /// The days from one to another, both included, in order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        (from, to): (NaiveDate, NaiveDate),
    ) -> Result<Vec<UsageDay>, StoreError> {
        let rows = sql::select::<UsageDay, 3>(
            "SELECT day, members, items, storage_bytes, events, collected_at FROM tenant_usage \
             WHERE tenant_id = ? AND day BETWEEN ? AND ? ORDER BY day",
            [tenant.as_uuid().into(), from.into(), to.into()],
        );
        Ok(rows.all(conn).await?)
    }
}
