//! What staff and member administration did. Append-only.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Limit, MemberId, PersonId, ScimTokenId, StaffId, TenantId};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::{StoreError, sql};

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditActor {
    /// A member of staff.
    Staff(StaffId),
    /// A member of the tenant.
    Member(MemberId),
    /// A person, in no tenant or before they are a member.
    Person(PersonId),
    /// A tenant's directory, by its token.
    Directory(ScimTokenId),
    /// A worker or a command on the server.
    System,
}

impl AuditActor {
    const fn kind(self) -> &'static str {
        match self {
            Self::Staff(_) => "staff",
            Self::Member(_) => "member",
            Self::Person(_) => "person",
            Self::Directory(_) => "directory",
            Self::System => "system",
        }
    }

    const fn id(self) -> Option<Uuid> {
        match self {
            Self::Staff(id) => Some(id.as_uuid()),
            Self::Member(id) => Some(id.as_uuid()),
            Self::Person(id) => Some(id.as_uuid()),
            Self::Directory(id) => Some(id.as_uuid()),
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
    /// `staff`, `member`, `person`, `directory` or `system`.
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

/// Which entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// By this kind of actor.
    pub actor_kind: Option<String>,
    /// By this actor.
    pub actor: Option<Uuid>,
    /// About this thing.
    pub object: Option<Uuid>,
    /// Of actions that begin so.
    pub action: Option<String>,
    /// At this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Before this time.
    pub until: Option<DateTime<Utc>>,
    /// Older than this one.
    pub before: Option<Uuid>,
}

/// The columns of an [`AuditEntry`].
pub(crate) const COLUMNS: &str = "id, occurred_at, actor_kind, actor_id, action, tenant_id, \
     object_id, detail, request_id";

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

    /// Entries that the filter takes, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        filter: &AuditFilter,
        limit: Limit,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let (text, values) = filter.question(limit);
        let statement = Statement::from_sql_and_values(DbBackend::MySql, text, values);
        Ok(AuditEntry::find_by_statement(statement).all(conn).await?)
    }
}

impl AuditFilter {
    /// Only what is asked for comes into the statement, so that each kind of question finds its key.
    fn question(&self, limit: Limit) -> (String, Vec<Value>) {
        let mut text = format!("SELECT {COLUMNS} FROM audit_log WHERE id < ?");
        let mut values: Vec<Value> = vec![self.before.unwrap_or(Uuid::max()).into()];
        let mut only = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                text.push_str(condition);
                values.push(value);
            }
        };
        only(
            " AND tenant_id = ?",
            self.tenant.map(|id| id.as_uuid().into()),
        );
        only(" AND actor_id = ?", self.actor.map(Into::into));
        only(" AND object_id = ?", self.object.map(Into::into));
        let kind = self.actor_kind.as_deref();
        only(" AND actor_kind = ?", kind.map(Into::into));
        only(" AND occurred_at >= ?", self.since.map(Into::into));
        only(" AND occurred_at < ?", self.until.map(Into::into));
        // Ids carry their time: what is surely outside is not read.
        only(
            " AND id >= ?",
            self.since.map(|at| id_at(at - SLACK).into()),
        );
        only(" AND id < ?", self.until.map(|at| id_at(at + SLACK).into()));
        let action = self.action.as_deref();
        only(" AND LOCATE(?, action) = 1", action.map(Into::into));
        only(" ORDER BY id DESC LIMIT ?", Some(limit.plus_one().into()));
        (text, values)
    }
}

/// How far the time of an entry and that of its id may be apart.
const SLACK: TimeDelta = TimeDelta::hours(1);

/// The least id of a time.
pub(crate) fn id_at(time: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(time.timestamp_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}
