//! Requests of staff to look into a tenant. The tenant's own word on it is in its database.

use chrono::{DateTime, Utc};
use cp_domain::{StaffRole, SupportState};
use kernel::{Limit, MemberId, StaffId, SupportAccessId, TenantId};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::{StoreError, sql};

/// A request for access and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupportAccess {
    /// The request.
    pub id: SupportAccessId,
    /// The tenant.
    pub tenant: TenantId,
    /// The first label of its host.
    pub tenant_slug: String,
    /// Its name.
    pub tenant_name: String,
    /// Who asks.
    pub staff: StaffId,
    /// What they are called.
    pub staff_name: String,
    /// Their role now; none when their account is closed.
    pub staff_role: Option<StaffRole>,
    /// Why.
    pub reason: String,
    /// For how many minutes.
    pub minutes: u32,
    /// What was written down; see [`SupportState::at`].
    pub state: SupportState,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When a member of the tenant answered.
    pub decided_at: Option<DateTime<Utc>>,
    /// Which member.
    pub decided_by: Option<MemberId>,
    /// When the access ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it ended before that.
    pub ended_at: Option<DateTime<Utc>>,
}

impl SupportAccess {
    /// Where it is at a time.
    #[must_use]
    pub fn state_at(&self, now: DateTime<Utc>) -> SupportState {
        self.state.at(self.requested_at, self.expires_at, now)
    }
}

/// Which requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SupportFilter {
    /// For this tenant.
    pub tenant: Option<TenantId>,
    /// By this member of staff.
    pub staff: Option<StaffId>,
    /// Written down to be in this state.
    pub state: Option<SupportState>,
    /// Older than this one.
    pub before: Option<SupportAccessId>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    tenant_id: Uuid,
    tenant_slug: String,
    tenant_name: String,
    staff_id: Uuid,
    staff_name: String,
    staff_role: Option<String>,
    reason: String,
    minutes: u32,
    state: String,
    requested_at: DateTime<Utc>,
    decided_at: Option<DateTime<Utc>>,
    decided_by: Option<Uuid>,
    expires_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for SupportAccess {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = |column| StoreError::corrupt("support_access", column);
        let role = row.staff_role.map(|role| role.parse()).transpose();
        Ok(Self {
            id: row.id.into(),
            tenant: row.tenant_id.into(),
            tenant_slug: row.tenant_slug,
            tenant_name: row.tenant_name,
            staff: row.staff_id.into(),
            staff_name: row.staff_name,
            staff_role: role.map_err(|_| corrupt("staff_id"))?,
            reason: row.reason,
            minutes: row.minutes,
            state: SupportState::parse(&row.state).ok_or_else(|| corrupt("state"))?,
            requested_at: row.requested_at,
            decided_at: row.decided_at,
            decided_by: row.decided_by.map(Into::into),
            expires_at: row.expires_at,
            ended_at: row.ended_at,
        })
    }
}

const SELECT: &str = "SELECT a.id, a.tenant_id, t.slug AS tenant_slug, t.name AS tenant_name, \
     a.staff_id, s.name AS staff_name, IF(s.disabled_at IS NULL, s.role, NULL) AS staff_role, \
     a.reason, a.minutes, a.state, a.requested_at, a.decided_at, a.decided_by, a.expires_at, \
     a.ended_at FROM support_access a JOIN tenants t ON t.id = a.tenant_id \
     JOIN staff s ON s.id = a.staff_id";

/// The table `support_access`.
#[derive(Debug, Clone, Copy)]
pub struct SupportAccessStore;

impl SupportAccessStore {
    /// One request.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        id: SupportAccessId,
    ) -> Result<Option<SupportAccess>, StoreError> {
        let text = format!("{SELECT} WHERE a.id = ?");
        let row = sql::select::<Row, 1>(&text, [id.as_uuid().into()]);
        row.one(conn)
            .await?
            .map(SupportAccess::try_from)
            .transpose()
    }

    /// Requests that the filter takes, the newest first; one more than the limit when more follow.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        filter: &SupportFilter,
        limit: Limit,
    ) -> Result<Vec<SupportAccess>, StoreError> {
        let mut text = format!("{SELECT} WHERE a.id < ?");
        let before = filter.before.map_or(Uuid::max(), SupportAccessId::as_uuid);
        let mut values: Vec<Value> = vec![before.into()];
        let mut only = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                text.push_str(condition);
                values.push(value);
            }
        };
        let (tenant, staff) = (filter.tenant, filter.staff);
        only(" AND a.tenant_id = ?", tenant.map(|id| id.as_uuid().into()));
        only(" AND a.staff_id = ?", staff.map(|id| id.as_uuid().into()));
        let state = filter.state.map(|state| state.as_str().into());
        only(" AND a.state = ?", state);
        only(" ORDER BY a.id DESC LIMIT ?", Some(limit.plus_one().into()));
        let statement = Statement::from_sql_and_values(DbBackend::MySql, text, values);
        let rows = Row::find_by_statement(statement).all(conn).await?;
        rows.into_iter().map(SupportAccess::try_from).collect()
    }

    /// Adds a request.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        id: SupportAccessId,
        (tenant, staff): (TenantId, StaffId),
        (reason, minutes): (&str, u32),
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO support_access (id, tenant_id, staff_id, reason, minutes, state, \
             requested_at) VALUES (?, ?, ?, ?, ?, 'requested', ?)",
            [
                id.as_uuid().into(),
                tenant.as_uuid().into(),
                staff.as_uuid().into(),
                reason.into(),
                minutes.into(),
                now.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// A member's answer; answers false when the request was answered or is another's.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn decide(
        conn: &impl ConnectionTrait,
        (id, tenant): (SupportAccessId, TenantId),
        member: MemberId,
        expires_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let state = match expires_at {
            Some(_) => SupportState::Granted,
            None => SupportState::Declined,
        };
        let changed = sql::execute(
            conn,
            "UPDATE support_access SET state = ?, decided_at = ?, decided_by = ?, expires_at = ? \
             WHERE id = ? AND tenant_id = ? AND state = 'requested'",
            [
                state.as_str().into(),
                now.into(),
                member.as_uuid().into(),
                expires_at.into(),
                id.as_uuid().into(),
                tenant.as_uuid().into(),
            ],
        );
        Ok(changed.await? == 1)
    }

    /// Ends a request or an access; answers false when it had ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end(
        conn: &impl ConnectionTrait,
        id: SupportAccessId,
        state: SupportState,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE support_access SET state = ?, ended_at = ? \
             WHERE id = ? AND state IN ('requested', 'granted')",
            [state.as_str().into(), now.into(), id.as_uuid().into()],
        );
        Ok(changed.await? == 1)
    }
}
