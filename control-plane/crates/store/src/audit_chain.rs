//! The order and the hashes of the audit log. Like the log itself: added to, never changed.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{
    AuditEntry, StoreError,
    audit::{COLUMNS, id_at},
    sql,
};

/// How late an entry may be written after the time in its id: longer than any transaction takes.
const LATENESS: TimeDelta = TimeDelta::minutes(10);

/// A link of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLink {
    /// Its number; the first is 1.
    pub position: u64,
    /// The entry that it covers.
    pub entry: Uuid,
    /// The hash of the entry and of the link before.
    pub hash: [u8; 32],
    /// When it was added.
    pub chained_at: DateTime<Utc>,
}

/// A link with the entry as it is now; none when the entry is gone.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkedEntry {
    /// The link.
    pub link: AuditLink,
    /// The entry.
    pub entry: Option<AuditEntry>,
}

#[derive(FromQueryResult)]
struct LinkRow {
    position: u64,
    audit_id: Uuid,
    hash: Vec<u8>,
    chained_at: DateTime<Utc>,
}

impl TryFrom<LinkRow> for AuditLink {
    type Error = StoreError;

    fn try_from(row: LinkRow) -> Result<Self, StoreError> {
        let hash = row.hash.try_into();
        Ok(Self {
            position: row.position,
            entry: row.audit_id,
            hash: hash.map_err(|_| StoreError::corrupt("audit_chain", "hash"))?,
            chained_at: row.chained_at,
        })
    }
}

/// The table `audit_chain`.
#[derive(Debug, Clone, Copy)]
pub struct AuditChainStore;

impl AuditChainStore {
    /// The last link.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn head(conn: &impl ConnectionTrait) -> Result<Option<AuditLink>, StoreError> {
        let row = sql::select::<LinkRow, 0>(
            "SELECT position, audit_id, hash, chained_at FROM audit_chain \
             ORDER BY position DESC LIMIT 1",
            [],
        );
        row.one(conn).await?.map(AuditLink::try_from).transpose()
    }

    /// The first id of the entries that may still be without a link after this one; an older entry
    /// that has none was put in later.
    #[must_use]
    pub fn horizon(head: Option<&AuditLink>) -> Uuid {
        let time = head.and_then(|head| head.entry.get_timestamp());
        let time = time.and_then(|time| {
            let (seconds, nanos) = time.to_unix();
            DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
        });
        time.map_or(Uuid::nil(), |time| id_at(time - LATENESS))
    }

    /// Entries without a link, from this id on, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unlinked(
        conn: &impl ConnectionTrait,
        horizon: Uuid,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM audit_log a WHERE a.id >= ? \
             AND NOT EXISTS (SELECT 1 FROM audit_chain c WHERE c.audit_id = a.id) \
             ORDER BY a.id LIMIT ?"
        );
        let rows = sql::select::<AuditEntry, 2>(&text, [horizon.into(), limit.into()]);
        Ok(rows.all(conn).await?)
    }

    /// Ids before this one that have no link.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unlinked_before(
        conn: &impl ConnectionTrait,
        horizon: Uuid,
        limit: u32,
    ) -> Result<Vec<Uuid>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            id: Uuid,
        }
        let rows = sql::select::<Row, 2>(
            "SELECT a.id FROM audit_log a WHERE a.id < ? \
             AND NOT EXISTS (SELECT 1 FROM audit_chain c WHERE c.audit_id = a.id) \
             ORDER BY a.id LIMIT ?",
            [horizon.into(), limit.into()],
        );
        Ok(rows
            .all(conn)
            .await?
            .into_iter()
            .map(|row| row.id)
            .collect())
    }

    /// Adds a link. Of two workers at once, one adds each.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when another worker was first, or the database fails.
    pub async fn insert(conn: &impl ConnectionTrait, link: &AuditLink) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO audit_chain (position, audit_id, hash, chained_at) VALUES (?, ?, ?, ?)",
            [
                link.position.into(),
                link.entry.into(),
                link.hash.to_vec().into(),
                link.chained_at.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Links after a position with their entries, in order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        after: u64,
        limit: u32,
    ) -> Result<Vec<LinkedEntry>, StoreError> {
        let links = sql::select::<LinkRow, 2>(
            "SELECT position, audit_id, hash, chained_at FROM audit_chain \
             WHERE position > ? ORDER BY position LIMIT ?",
            [after.into(), limit.into()],
        );
        // The links first: an entry is there before its link is.
        let links = links.all(conn).await?;
        let entries = format!(
            "SELECT {COLUMNS} FROM audit_log WHERE id IN (SELECT audit_id FROM \
             (SELECT audit_id FROM audit_chain WHERE position > ? ORDER BY position LIMIT ?) c)"
        );
        let entries = sql::select::<AuditEntry, 2>(&entries, [after.into(), limit.into()]);
        let entries = entries.all(conn).await?.into_iter();
        let mut entries: std::collections::HashMap<Uuid, AuditEntry> =
            entries.map(|entry| (entry.id, entry)).collect();
        let links = links.into_iter().map(|row| {
            let link = AuditLink::try_from(row)?;
            let entry = entries.remove(&link.entry);
            Ok(LinkedEntry { link, entry })
        });
        links.collect()
    }
}
