//! Where a person belongs, and how tenants let people in: what the pages before a session show.

use chrono::{DateTime, Utc};
use kernel::{ConnectionId, PersonId, Role, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, memberships::read_role, sql};

/// A tenant that a person is an active member of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The tenant.
    pub tenant: TenantId,
    /// The first label of its host.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What the person is there.
    pub role: Role,
    /// Whether they are external.
    pub external: bool,
    /// When they last used it.
    pub last_seen_at: Option<DateTime<Utc>>,
}

/// A provider through which people may come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayIn {
    /// The connection.
    pub connection: ConnectionId,
    /// What people call it.
    pub name: String,
    /// The first label of its tenant's host.
    pub slug: String,
    /// Its tenant's name.
    pub tenant: String,
}

#[derive(FromQueryResult)]
struct AccountRow {
    tenant_id: Uuid,
    slug: String,
    name: String,
    role: String,
    external: bool,
    last_seen_at: Option<DateTime<Utc>>,
}

impl TryFrom<AccountRow> for Account {
    type Error = StoreError;

    fn try_from(row: AccountRow) -> Result<Self, StoreError> {
        Ok(Self {
            tenant: row.tenant_id.into(),
            slug: row.slug,
            name: row.name,
            role: read_role(&row.role)?,
            external: row.external,
            last_seen_at: row.last_seen_at,
        })
    }
}

#[derive(FromQueryResult)]
struct WayRow {
    id: Uuid,
    name: String,
    slug: String,
    tenant: String,
}

impl From<WayRow> for WayIn {
    fn from(row: WayRow) -> Self {
        Self {
            connection: row.id.into(),
            name: row.name,
            slug: row.slug,
            tenant: row.tenant,
        }
    }
}

/// Reads over memberships, tenants and their connections.
#[derive(Debug, Clone, Copy)]
pub struct AccountStore;

impl AccountStore {
    /// The tenants in service that a person is an active member of, the latest used first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        person: PersonId,
    ) -> Result<Vec<Account>, StoreError> {
        let rows = sql::select::<AccountRow, 1>(
            "SELECT m.tenant_id, t.slug, t.name, m.role, m.external, \
             (SELECT MAX(s.last_seen_at) FROM sessions s WHERE s.member_id = m.member_id \
             AND s.state = 'active') AS last_seen_at \
             FROM memberships m JOIN tenants t ON t.id = m.tenant_id \
             WHERE m.person_id = ? AND m.state = 'active' AND t.state IN ('active', 'quarantined') \
             ORDER BY last_seen_at IS NULL, last_seen_at DESC, t.name LIMIT 500",
            [person.as_uuid().into()],
        );
        let rows = rows.all(conn).await?;
        rows.into_iter().map(Account::try_from).collect()
    }

    /// The tenant of this slug, when the person is an active member of it and it is in service.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        person: PersonId,
        slug: &str,
    ) -> Result<Option<Account>, StoreError> {
        let row = sql::select::<AccountRow, 2>(
            "SELECT m.tenant_id, t.slug, t.name, m.role, m.external, \
             CAST(NULL AS DATETIME(6)) AS last_seen_at \
             FROM memberships m JOIN tenants t ON t.id = m.tenant_id \
             WHERE m.person_id = ? AND t.slug = ? AND m.state = 'active' \
             AND t.state IN ('active', 'quarantined')",
            [person.as_uuid().into(), slug.into()],
        );
        row.one(conn).await?.map(Account::try_from).transpose()
    }

    /// The providers of a tenant that are on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ways_in(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
    ) -> Result<Vec<WayIn>, StoreError> {
        let rows = sql::select::<WayRow, 1>(
            "SELECT c.id, c.name, t.slug, t.name AS tenant \
             FROM sso_connections c JOIN tenants t ON t.id = c.tenant_id \
             WHERE c.tenant_id = ? AND c.state = 'enabled' ORDER BY c.name, c.id LIMIT 20",
            [tenant.as_uuid().into()],
        );
        let rows = rows.all(conn).await?;
        Ok(rows.into_iter().map(WayIn::from).collect())
    }

    /// The providers of the tenant that has verified this mail domain.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ways_of_domain(
        conn: &impl ConnectionTrait,
        domain: &str,
    ) -> Result<Vec<WayIn>, StoreError> {
        let rows = sql::select::<WayRow, 1>(
            "SELECT c.id, c.name, t.slug, t.name AS tenant FROM verified_domains d \
             JOIN tenants t ON t.id = d.tenant_id AND t.state IN ('active', 'quarantined') \
             JOIN sso_connections c ON c.tenant_id = d.tenant_id AND c.state = 'enabled' \
             WHERE d.verified = ? ORDER BY c.name, c.id LIMIT 20",
            [domain.into()],
        );
        let rows = rows.all(conn).await?;
        Ok(rows.into_iter().map(WayIn::from).collect())
    }
}
