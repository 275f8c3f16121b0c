//! Mail domains that tenants claim.

use chrono::{DateTime, Utc};
use kernel::{DomainId, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sql};

/// A domain that a tenant claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedDomain {
    /// The claim.
    pub id: DomainId,
    /// The tenant.
    pub tenant: TenantId,
    /// The domain.
    pub domain: String,
    /// What its record has to hold.
    pub challenge: String,
    /// When it was claimed.
    pub created_at: DateTime<Utc>,
    /// When it was proven.
    pub verified_at: Option<DateTime<Utc>>,
    /// When somebody last looked.
    pub checked_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    tenant_id: Uuid,
    domain: String,
    challenge: String,
    created_at: DateTime<Utc>,
    verified_at: Option<DateTime<Utc>>,
    checked_at: Option<DateTime<Utc>>,
}

impl From<Row> for ClaimedDomain {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.into(),
            tenant: row.tenant_id.into(),
            domain: row.domain,
            challenge: row.challenge,
            created_at: row.created_at,
            verified_at: row.verified_at,
            checked_at: row.checked_at,
        }
    }
}

/// The table `verified_domains`.
#[derive(Debug, Clone, Copy)]
pub struct DomainStore;

impl DomainStore {
    /// A tenant's claim.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        id: DomainId,
    ) -> Result<Option<ClaimedDomain>, StoreError> {
        let row = sql::select::<Row, 2>(
            "SELECT * FROM verified_domains WHERE id = ? AND tenant_id = ?",
            [id.as_uuid().into(), tenant.as_uuid().into()],
        );
        Ok(row.one(conn).await?.map(ClaimedDomain::from))
    }

    /// A tenant's claims, by domain.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
    ) -> Result<Vec<ClaimedDomain>, StoreError> {
        let rows = sql::select::<Row, 1>(
            "SELECT * FROM verified_domains WHERE tenant_id = ? ORDER BY domain LIMIT 500",
            [tenant.as_uuid().into()],
        );
        let rows = rows.all(conn).await?;
        Ok(rows.into_iter().map(ClaimedDomain::from).collect())
    }

    /// Whether this tenant, and so no other, has proven this domain.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_verified(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        domain: &str,
    ) -> Result<bool, StoreError> {
        let row = sql::select::<Row, 2>(
            "SELECT * FROM verified_domains WHERE verified = ? AND tenant_id = ?",
            [domain.into(), tenant.as_uuid().into()],
        );
        Ok(row.one(conn).await?.is_some())
    }

    /// Adds a claim.
    ///
    /// # Errors
    /// When the tenant claims it already, or the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        claim: &ClaimedDomain,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO verified_domains (id, tenant_id, domain, challenge, created_at) \
             VALUES (?, ?, ?, ?, ?)",
            [
                claim.id.as_uuid().into(),
                claim.tenant.as_uuid().into(),
                claim.domain.clone().into(),
                claim.challenge.clone().into(),
                claim.created_at.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Notes what a look at the record showed. A domain that was proven stays so.
    ///
    /// # Errors
    /// When another tenant has proven the domain, or the database fails.
    pub async fn note_check(
        conn: &impl ConnectionTrait,
        id: DomainId,
        proven: bool,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "UPDATE verified_domains SET checked_at = ?, \
             verified_at = IF(?, COALESCE(verified_at, ?), verified_at) WHERE id = ?",
            [now.into(), proven.into(), now.into(), id.as_uuid().into()],
        )
        .await?;
        Ok(())
    }

    /// Takes a claim away.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete(conn: &impl ConnectionTrait, id: DomainId) -> Result<(), StoreError> {
        let text = "DELETE FROM verified_domains WHERE id = ?";
        sql::execute(conn, text, [id.as_uuid().into()]).await?;
        Ok(())
    }
}
