//! Access policies: the platform's, its list of unsafe countries, the tenants' own.

use chrono::{DateTime, Utc};
use cp_domain::Country;
use kernel::{StaffId, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sql};

/// A country from which nobody comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsafeCountry {
    /// The country.
    pub country: Country,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Who put it on the list.
    pub staff: StaffId,
    /// What they are called.
    pub staff_name: String,
}

#[derive(FromQueryResult)]
struct CountryRow {
    country: String,
    reason: String,
    since: DateTime<Utc>,
    staff_id: Uuid,
    staff_name: String,
}

impl TryFrom<CountryRow> for UnsafeCountry {
    type Error = StoreError;

    fn try_from(row: CountryRow) -> Result<Self, StoreError> {
        Ok(Self {
            country: Country::parse(&row.country)
                .map_err(|_| StoreError::corrupt("unsafe_countries", "country"))?,
            reason: row.reason,
            since: row.since,
            staff: row.staff_id.into(),
            staff_name: row.staff_name,
        })
    }
}

/// A policy of the platform, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct PlatformPolicy {
    /// Whom it is for: `people` or `staff`.
    pub subject: String,
    /// The policy.
    pub policy: String,
    /// How often it was changed.
    pub revision: u32,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

/// The table `unsafe_countries`.
#[derive(Debug, Clone, Copy)]
pub struct UnsafeCountryStore;

impl UnsafeCountryStore {
    /// Every one of them, by code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(conn: &impl ConnectionTrait) -> Result<Vec<UnsafeCountry>, StoreError> {
        let rows = sql::select::<CountryRow, 0>(
            "SELECT c.country, c.reason, c.since, c.staff_id, s.name AS staff_name \
             FROM unsafe_countries c JOIN staff s ON s.id = c.staff_id ORDER BY c.country",
            [],
        );
        let rows = rows.all(conn).await?.into_iter();
        rows.map(UnsafeCountry::try_from).collect()
    }

    /// Puts a country on the list, or another reason beside one that is on it; answers whether it
    /// is new.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put(
        conn: &impl ConnectionTrait,
        country: Country,
        reason: &str,
        staff: StaffId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "INSERT INTO unsafe_countries (country, reason, since, staff_id) VALUES (?, ?, ?, ?) \
             ON DUPLICATE KEY UPDATE reason = VALUES(reason), staff_id = VALUES(staff_id)",
            [
                country.as_str().into(),
                reason.into(),
                now.into(),
                staff.as_uuid().into(),
            ],
        );
        Ok(changed.await? == 1)
    }

    /// Takes a country off the list; answers whether it was on it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete(conn: &impl ConnectionTrait, country: Country) -> Result<bool, StoreError> {
        let text = "DELETE FROM unsafe_countries WHERE country = ?";
        Ok(sql::execute(conn, text, [country.as_str().into()]).await? == 1)
    }
}

/// The table `platform_policies`.
#[derive(Debug, Clone, Copy)]
pub struct PlatformPolicyStore;

impl PlatformPolicyStore {
    /// All of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(conn: &impl ConnectionTrait) -> Result<Vec<PlatformPolicy>, StoreError> {
        let text = "SELECT subject, policy, revision, updated_at FROM platform_policies";
        Ok(sql::select::<PlatformPolicy, 0>(text, []).all(conn).await?)
    }

    /// Writes the policy of a subject at the next revision. The caller has checked the present one
    /// under [`crate::RouteStore::lock_revision`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put(
        conn: &impl ConnectionTrait,
        subject: &str,
        policy: &str,
        by: StaffId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO platform_policies (subject, policy, revision, updated_at, updated_by) \
             VALUES (?, ?, 1, ?, ?) ON DUPLICATE KEY UPDATE policy = VALUES(policy), \
             revision = revision + 1, updated_at = VALUES(updated_at), \
             updated_by = VALUES(updated_by)",
            [
                subject.into(),
                policy.into(),
                now.into(),
                by.as_uuid().into(),
            ],
        )
        .await?;
        Ok(())
    }
}

/// The column `access_policy` of `tenant_security`.
#[derive(Debug, Clone, Copy)]
pub struct TenantPolicyStore;

impl TenantPolicyStore {
    /// Writes a tenant's policy at the next revision of its decisions. The caller has checked the
    /// present one under [`crate::MembershipStore::lock_tenant`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        policy: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO tenant_security (tenant_id, access_policy, revision, updated_at) \
             VALUES (?, ?, 1, ?) ON DUPLICATE KEY UPDATE access_policy = VALUES(access_policy), \
             revision = revision + 1, updated_at = VALUES(updated_at)",
            [tenant.as_uuid().into(), policy.into(), now.into()],
        )
        .await?;
        Ok(())
    }
}
