//! What workers say of the queues, and which classes are paused.

use chrono::{DateTime, Utc};
use kernel::{NodeId, StaffId};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};
use uuid::Uuid;

use crate::{StoreError, sql};

/// A class of which no worker takes anything.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct QueuePause {
    /// The class.
    pub class: String,
    /// Why.
    pub reason: String,
    /// Who paused it; none for a command on the server.
    pub paused_by: Option<Uuid>,
    /// When.
    pub paused_at: DateTime<Utc>,
}

/// The table `queue_pauses`.
#[derive(Debug, Clone, Copy)]
pub struct QueuePauseStore;

impl QueuePauseStore {
    /// Every paused class, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(conn: &impl ConnectionTrait) -> Result<Vec<QueuePause>, StoreError> {
        let text = "SELECT class, reason, paused_by, paused_at FROM queue_pauses ORDER BY class";
        Ok(sql::select::<QueuePause, 0>(text, []).all(conn).await?)
    }

    /// Pauses a class; false when it is paused already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        class: &str,
        reason: &str,
        by: Option<StaffId>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let text = "INSERT IGNORE INTO queue_pauses (class, reason, paused_by, paused_at) \
                    VALUES (?, ?, ?, ?)";
        let by = by.map(StaffId::as_uuid);
        let values = [class.into(), reason.into(), by.into(), now.into()];
        Ok(sql::execute(conn, text, values).await? > 0)
    }

    /// Resumes a class; false when it is not paused.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete(conn: &impl ConnectionTrait, class: &str) -> Result<bool, StoreError> {
        let text = "DELETE FROM queue_pauses WHERE class = ?";
        Ok(sql::execute(conn, text, [class.into()]).await? > 0)
    }
}

/// What a worker said last.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct KeptReport {
    /// The worker.
    pub node_id: Uuid,
    /// Its ring.
    pub ring: String,
    /// What it said, as JSON.
    pub report: String,
    /// When.
    pub reported_at: DateTime<Utc>,
}

/// Whose outbox a tenant's is.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct TenantPlace {
    /// The tenant.
    pub tenant_id: Uuid,
    /// The first label of its host name.
    pub slug: String,
    /// The server that has its database; none while it has none.
    pub server_id: Option<Uuid>,
}

/// The table `queue_reports`.
#[derive(Debug, Clone, Copy)]
pub struct QueueReportStore;

impl QueueReportStore {
    /// Keeps what a worker says instead of what it said before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put(
        conn: &impl ConnectionTrait,
        node: NodeId,
        ring: &str,
        report: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO queue_reports (node_id, ring, report, reported_at) VALUES (?, ?, ?, ?) \
             ON DUPLICATE KEY UPDATE ring = VALUE(ring), report = VALUE(report), \
             reported_at = VALUE(reported_at)",
            [
                node.as_uuid().into(),
                ring.into(),
                report.into(),
                now.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// What every worker said last, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(conn: &impl ConnectionTrait) -> Result<Vec<KeptReport>, StoreError> {
        let text = "SELECT node_id, ring, report, reported_at FROM queue_reports \
                    ORDER BY reported_at DESC";
        Ok(sql::select::<KeptReport, 0>(text, []).all(conn).await?)
    }

    /// Where these tenants are; those that do not exist are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn places(
        conn: &impl ConnectionTrait,
        tenants: &[Uuid],
    ) -> Result<Vec<TenantPlace>, StoreError> {
        if tenants.is_empty() {
            return Ok(Vec::new());
        }
        let marks = vec!["?"; tenants.len()].join(", ");
        let text = format!(
            "SELECT t.id AS tenant_id, t.slug, d.server_id FROM tenants t \
             LEFT JOIN tenant_databases d ON d.tenant_id = t.id AND d.generation = t.generation \
             WHERE t.id IN ({marks})"
        );
        let values = tenants.iter().map(|id| (*id).into());
        let statement = Statement::from_sql_and_values(DbBackend::MySql, text, values);
        Ok(TenantPlace::find_by_statement(statement).all(conn).await?)
    }
}
