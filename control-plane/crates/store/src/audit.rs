//! What staff and member administration did. Append-only.

use chrono::{DateTime, Utc};
use kernel::{Limit, MemberId, StaffId, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sql};

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditActor {
    /// A member of staff.
    Staff(StaffId),
    /// A member of the tenant.
    Member(MemberId),
    /// A worker or a command on the server.
    System,
}

impl AuditActor {
    const fn kind(self) -> &'static str {
        match self {
            Self::Staff(_) => "staff",
            Self::Member(_) => "member",
            Self::System => "system",
        }
    }

    const fn id(self) -> Option<Uuid> {
        match self {
            Self::Staff(id) => Some(id.as_uuid()),
            Self::Member(id) => Some(id.as_uuid()),
            Self::System => None,
        }
    }
}

/// Something that is to be remembered.
#[derive(Debug, Clone)]
pub struct AuditEvent {
    /// Who.
    pub actor: AuditActor,
    /// What, such as `tenant.create`.
    pub action: &'static str,
    /// The tenant concerned.
    pub tenant: Option<TenantId>,
    /// The thing concerned.
    pub object: Option<Uuid>,
    /// Particulars, never secrets.
    pub detail: serde_json::Value,
    /// The request that did it.
    pub request_id: Option<String>,
}

/// Something that was remembered.
#[derive(Debug, Clone, PartialEq, FromQueryResult)]
pub struct AuditEntry {
    /// The id.
    pub id: Uuid,
    /// When.
    pub occurred_at: DateTime<Utc>,
    /// `staff`, `member` or `system`.
    pub actor_kind: String,
    /// Who.
    pub actor_id: Option<Uuid>,
    /// What.
    pub action: String,
    /// The tenant concerned.
    pub tenant_id: Option<Uuid>,
    /// The thing concerned.
    pub object_id: Option<Uuid>,
    /// Particulars, as JSON.
    pub detail: String,
    /// The request that did it.
    pub request_id: Option<String>,
}

/// The table `audit_log`.
#[derive(Debug, Clone, Copy)]
pub struct AuditStore;

impl AuditStore {
    /// Remembers something, in the transaction that did it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        id: Uuid,
        event: AuditEvent,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO audit_log (id, occurred_at, actor_kind, actor_id, action, tenant_id, \
             object_id, detail, request_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                id.into(),
                now.into(),
                event.actor.kind().into(),
                event.actor.id().into(),
                event.action.into(),
                event.tenant.map(TenantId::as_uuid).into(),
                event.object.into(),
                event.detail.to_string().into(),
                event.request_id.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Entries before one, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        tenant: Option<TenantId>,
        before: Option<Uuid>,
        limit: Limit,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let tenant = tenant.map(TenantId::as_uuid);
        let before = before.unwrap_or(Uuid::max());
        let rows = sql::select::<AuditEntry, 4>(
            "SELECT id, occurred_at, actor_kind, actor_id, action, tenant_id, object_id, detail, \
             request_id FROM audit_log WHERE id < ? AND (? IS NULL OR tenant_id = ?) \
             ORDER BY id DESC LIMIT ?",
            [
                before.into(),
                tenant.into(),
                tenant.into(),
                limit.plus_one().into(),
            ],
        );
        Ok(rows.all(conn).await?)
    }
}
