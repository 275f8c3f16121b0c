//! What a member of staff asked for and another has to agree to.

use chrono::{DateTime, Utc};
use kernel::{Limit, OperationId, StaffId, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sql};

/// Something that waits for a second person, or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Its id.
    pub id: Uuid,
    /// What is to be done, such as `tenant.suspend`.
    pub action: String,
    /// To which tenant.
    pub tenant: TenantId,
    /// The first label of its host.
    pub tenant_slug: String,
    /// Its name.
    pub tenant_name: String,
    /// Particulars, as JSON.
    pub input: String,
    /// `requested`, `approved` or `declined`.
    pub state: String,
    /// Who asked.
    pub requested_by: StaffId,
    /// What they are called.
    pub requester_name: String,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// When it counts no more.
    pub expires_at: DateTime<Utc>,
    /// Who answered.
    pub decided_by: Option<StaffId>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// What it led to.
    pub operation: Option<OperationId>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    action: String,
    tenant_id: Uuid,
    tenant_slug: String,
    tenant_name: String,
    input: String,
    state: String,
    requested_by: Uuid,
    requester_name: String,
    requested_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    decided_by: Option<Uuid>,
    decided_at: Option<DateTime<Utc>>,
    operation_id: Option<Uuid>,
}

impl From<Row> for Approval {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            action: row.action,
            tenant: row.tenant_id.into(),
            tenant_slug: row.tenant_slug,
            tenant_name: row.tenant_name,
            input: row.input,
            state: row.state,
            requested_by: row.requested_by.into(),
            requester_name: row.requester_name,
            requested_at: row.requested_at,
            expires_at: row.expires_at,
            decided_by: row.decided_by.map(Into::into),
            decided_at: row.decided_at,
            operation: row.operation_id.map(Into::into),
        }
    }
}

const SELECT: &str = "SELECT a.id, a.action, a.tenant_id, t.slug AS tenant_slug, \
     t.name AS tenant_name, a.input, a.state, a.requested_by, s.name AS requester_name, \
     a.requested_at, a.expires_at, a.decided_by, a.decided_at, a.operation_id FROM approvals a \
     JOIN tenants t ON t.id = a.tenant_id JOIN staff s ON s.id = a.requested_by";

/// The table `approvals`.
#[derive(Debug, Clone, Copy)]
pub struct ApprovalStore;

impl ApprovalStore {
    /// One of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        id: Uuid,
    ) -> Result<Option<Approval>, StoreError> {
        let text = format!("{SELECT} WHERE a.id = ?");
        let row = sql::select::<Row, 1>(&text, [id.into()]);
        Ok(row.one(conn).await?.map(Approval::from))
    }

    /// What waits for an action on a tenant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_open(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        action: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Approval>, StoreError> {
        let text = format!(
            "{SELECT} WHERE a.tenant_id = ? AND a.action = ? AND a.state = 'requested' \
             AND a.expires_at > ? ORDER BY a.id DESC LIMIT 1"
        );
        let values = [tenant.as_uuid().into(), action.into(), now.into()];
        let row = sql::select::<Row, 3>(&text, values);
        Ok(row.one(conn).await?.map(Approval::from))
    }

    /// All of them, the newest first, before one; one more than the limit when more follow.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        before: Option<Uuid>,
        limit: Limit,
    ) -> Result<Vec<Approval>, StoreError> {
        let text = format!("{SELECT} WHERE a.id < ? ORDER BY a.id DESC LIMIT ?");
        let before = before.unwrap_or(Uuid::max());
        let rows = sql::select::<Row, 2>(&text, [before.into(), limit.plus_one().into()]);
        Ok(rows
            .all(conn)
            .await?
            .into_iter()
            .map(Approval::from)
            .collect())
    }

    /// Adds one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        id: Uuid,
        (action, tenant): (&str, TenantId),
        input: &str,
        by: StaffId,
        (now, expires_at): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO approvals (id, action, tenant_id, input, state, requested_by, \
             requested_at, expires_at) VALUES (?, ?, ?, ?, 'requested', ?, ?, ?)",
            [
                id.into(),
                action.into(),
                tenant.as_uuid().into(),
                input.into(),
                by.as_uuid().into(),
                now.into(),
                expires_at.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// The second person's answer: approved when it led to an operation, else declined. Answers
    /// false when somebody answered before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn decide(
        conn: &impl ConnectionTrait,
        id: Uuid,
        by: StaffId,
        operation: Option<OperationId>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let state = if operation.is_some() {
            "approved"
        } else {
            "declined"
        };
        let changed = sql::execute(
            conn,
            "UPDATE approvals SET state = ?, decided_by = ?, decided_at = ?, operation_id = ? \
             WHERE id = ? AND state = 'requested'",
            [
                state.into(),
                by.as_uuid().into(),
                now.into(),
                operation.map(OperationId::as_uuid).into(),
                id.into(),
            ],
        );
        Ok(changed.await? == 1)
    }
}
