//! The tenant's own word that staff may look in, and its record of who did: in its own database.

use chrono::{DateTime, Utc};
use kernel::{MemberId, SupportAccessId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sql};

/// A consent.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct SupportConsent {
    /// What staff gave as the reason.
    pub reason: String,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// When it was taken back.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

impl SupportConsent {
    /// Whether staff may look in now.
    #[must_use]
    pub fn holds(&self, now: DateTime<Utc>) -> bool {
        self.withdrawn_at.is_none() && now < self.expires_at
    }
}

/// A visit of staff, as the tenant keeps it.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct SupportVisit {
    /// The session.
    pub id: Uuid,
    /// What they are called.
    pub staff_name: String,
    /// Where they came from.
    pub address: String,
    /// When they came.
    pub entered_at: DateTime<Utc>,
    /// When they left, or were sent away.
    pub ended_at: Option<DateTime<Utc>>,
}

/// The tables `support_consents` and `support_visits` of a tenant database.
#[derive(Debug, Clone, Copy)]
pub struct SupportConsentStore;

impl SupportConsentStore {
    /// The consent to a request.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        id: SupportAccessId,
    ) -> Result<Option<SupportConsent>, StoreError> {
        let row = sql::select::<SupportConsent, 1>(
            "SELECT reason, expires_at, withdrawn_at FROM support_consents WHERE id = ?",
            [id.as_uuid().into()],
        );
        Ok(row.one(conn).await?)
    }

    /// Writes a consent. One that was written by a try that came no further is written anew; one
    /// that was withdrawn stays so.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn grant(
        conn: &impl ConnectionTrait,
        id: SupportAccessId,
        (staff_name, reason): (&str, &str),
        member: MemberId,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO support_consents (id, staff_name, reason, granted_by, granted_at, \
             expires_at) VALUES (?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE \
             granted_by = VALUES(granted_by), granted_at = VALUES(granted_at), \
             expires_at = VALUES(expires_at)",
            [
                id.as_uuid().into(),
                staff_name.into(),
                reason.into(),
                member.as_uuid().into(),
                now.into(),
                expires_at.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Takes a consent back; answers false when there is none that holds.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdraw(
        conn: &impl ConnectionTrait,
        id: SupportAccessId,
        member: MemberId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE support_consents SET withdrawn_by = ?, withdrawn_at = ? \
             WHERE id = ? AND withdrawn_at IS NULL",
            [member.as_uuid().into(), now.into(), id.as_uuid().into()],
        );
        Ok(changed.await? == 1)
    }

    /// Writes down that staff came in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn enter(
        conn: &impl ConnectionTrait,
        access: SupportAccessId,
        visit: &SupportVisit,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO support_visits (id, consent_id, staff_name, address, entered_at) \
             VALUES (?, ?, ?, ?, ?)",
            [
                visit.id.into(),
                access.as_uuid().into(),
                visit.staff_name.as_str().into(),
                visit.address.as_str().into(),
                visit.entered_at.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Writes down that every visit of an access is over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn leave(
        conn: &impl ConnectionTrait,
        access: SupportAccessId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        sql::execute(
            conn,
            "UPDATE support_visits SET ended_at = ? WHERE consent_id = ? AND ended_at IS NULL",
            [now.into(), access.as_uuid().into()],
        )
        .await
    }

    /// The visits of an access, the newest first, two hundred at most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_visits(
        conn: &impl ConnectionTrait,
        access: SupportAccessId,
    ) -> Result<Vec<SupportVisit>, StoreError> {
        let rows = sql::select::<SupportVisit, 1>(
            "SELECT id, staff_name, address, entered_at, ended_at FROM support_visits \
             WHERE consent_id = ? ORDER BY id DESC LIMIT 200",
            [access.as_uuid().into()],
        );
        Ok(rows.all(conn).await?)
    }
}
