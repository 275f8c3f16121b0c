//! Where people were when they came last: what a new access policy is tried against.

use chrono::{DateTime, Utc};
use kernel::{MemberId, Role, StaffId, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, memberships::read_role, sql};

/// A member and the session that they used last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastVisit {
    /// The tenant.
    pub tenant: TenantId,
    /// Its slug.
    pub slug: String,
    /// The member.
    pub member: MemberId,
    /// What they are called.
    pub name: String,
    /// Their role.
    pub role: Role,
    /// Whether they are from outside.
    pub external: bool,
    /// The address of the session; none when they have not come yet.
    pub address: Option<String>,
}

/// A member of staff and the session that they used last.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct LastStaffVisit {
    /// Who.
    pub staff_id: Uuid,
    /// What they are called.
    pub name: String,
    /// Their role, a word.
    pub role: String,
    /// The address of the session; none when they have not come yet.
    pub address: Option<String>,
}

impl LastStaffVisit {
    /// Who.
    #[must_use]
    pub fn staff(&self) -> StaffId {
        self.staff_id.into()
    }
}

#[derive(FromQueryResult)]
struct Row {
    tenant_id: Uuid,
    slug: String,
    member_id: Uuid,
    name: String,
    role: String,
    external: bool,
    address: Option<String>,
}

impl TryFrom<Row> for LastVisit {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            tenant: row.tenant_id.into(),
            slug: row.slug,
            member: row.member_id.into(),
            name: row.name,
            role: read_role(&row.role)?,
            external: row.external,
            address: row.address,
        })
    }
}

#[derive(FromQueryResult)]
struct Count {
    number: i64,
}

const VISIT: &str = "SELECT m.tenant_id, t.slug, m.member_id, p.name, m.role, m.external, \
     (SELECT s.address FROM sessions s WHERE s.member_id = m.member_id AND s.state = 'active' \
     ORDER BY s.last_seen_at DESC LIMIT 1) AS address \
     FROM memberships m JOIN people p ON p.id = m.person_id JOIN tenants t ON t.id = m.tenant_id \
     WHERE m.state = 'active' AND ";

/// The latest sessions of members and staff.
#[derive(Debug, Clone, Copy)]
pub struct LastVisitStore;

impl LastVisitStore {
    /// The active members of a tenant, by id, after one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_of_tenant(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        after: Option<MemberId>,
        limit: u64,
    ) -> Result<Vec<LastVisit>, StoreError> {
        let text =
            format!("{VISIT}m.tenant_id = ? AND m.member_id > ? ORDER BY m.member_id LIMIT ?");
        let after = after.map_or(Uuid::nil(), MemberId::as_uuid);
        let values = [tenant.as_uuid().into(), after.into(), limit.into()];
        let rows = sql::select::<Row, 3>(&text, values).all(conn).await?;
        rows.into_iter().map(LastVisit::try_from).collect()
    }

    /// The active members of all tenants in service, by id, after one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        after: Option<MemberId>,
        limit: u64,
    ) -> Result<Vec<LastVisit>, StoreError> {
        let text = format!(
            "{VISIT}t.state IN ('active', 'quarantined', 'suspended') AND m.member_id > ? \
             ORDER BY m.member_id LIMIT ?"
        );
        let after = after.map_or(Uuid::nil(), MemberId::as_uuid);
        let rows = sql::select::<Row, 2>(&text, [after.into(), limit.into()]);
        let rows = rows.all(conn).await?;
        rows.into_iter().map(LastVisit::try_from).collect()
    }

    /// How many tokens of a tenant's members may be used. Where from is not known.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_tokens(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let count = sql::select::<Count, 2>(
            "SELECT COUNT(*) AS number FROM access_tokens WHERE tenant_id = ? \
             AND revoked_at IS NULL AND expires_at > ?",
            [tenant.as_uuid().into(), now.into()],
        );
        let row = count.one(conn).await?.ok_or(StoreError::Missing("count"))?;
        Ok(u64::try_from(row.number).unwrap_or_default())
    }

    /// All staff whose accounts are open.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_staff(
        conn: &impl ConnectionTrait,
    ) -> Result<Vec<LastStaffVisit>, StoreError> {
        let rows = sql::select::<LastStaffVisit, 0>(
            "SELECT f.id AS staff_id, f.name, f.role, (SELECT s.address FROM staff_sessions s \
             WHERE s.staff_id = f.id AND s.state = 'active' ORDER BY s.last_seen_at DESC LIMIT 1) \
             AS address FROM staff f WHERE f.disabled_at IS NULL ORDER BY f.name",
            [],
        );
        Ok(rows.all(conn).await?)
    }
}
