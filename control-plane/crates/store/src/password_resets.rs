//! Links by which people who forgot their password set a new one.

use chrono::{DateTime, Utc};
use cp_domain::TokenHash;
use kernel::{PersonId, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sql};

/// A reset that was asked for.
#[derive(Debug, Clone)]
pub struct PasswordReset {
    /// The reset.
    pub id: Uuid,
    /// The hash of the link's token.
    pub token_hash: TokenHash,
    /// Whose password it is.
    pub person: PersonId,
    /// On whose host it was asked for; none on the host of people.
    pub tenant: Option<TenantId>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// A reset that can be used.
#[derive(Debug, Clone, Copy, FromQueryResult)]
struct Row {
    id: Uuid,
    person_id: Uuid,
}

#[derive(FromQueryResult)]
struct CountRow {
    number: i64,
}

/// The table `password_resets`.
#[derive(Debug, Clone, Copy)]
pub struct PasswordResetStore;

impl PasswordResetStore {
    /// The reset of this token on this host, when it can be used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_open(
        conn: &impl ConnectionTrait,
        tenant: Option<TenantId>,
        hash: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<(Uuid, PersonId)>, StoreError> {
        let row = sql::select::<Row, 3>(
            "SELECT id, person_id FROM password_resets WHERE token_hash = ? AND tenant_id <=> ? \
             AND used_at IS NULL AND revoked_at IS NULL AND expires_at > ?",
            [
                hash.as_bytes().to_vec().into(),
                tenant.map(TenantId::as_uuid).into(),
                now.into(),
            ],
        );
        let row = row.one(conn).await?;
        Ok(row.map(|row| (row.id, row.person_id.into())))
    }

    /// How many resets of a person can be used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_open(
        conn: &impl ConnectionTrait,
        person: PersonId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let row = sql::select::<CountRow, 2>(
            "SELECT COUNT(*) AS number FROM password_resets WHERE person_id = ? \
             AND used_at IS NULL AND revoked_at IS NULL AND expires_at > ?",
            [person.as_uuid().into(), now.into()],
        );
        let row = row.one(conn).await?.ok_or(StoreError::Missing("count"))?;
        Ok(u64::try_from(row.number).unwrap_or_default())
    }

    /// Adds a reset.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        reset: &PasswordReset,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO password_resets (id, token_hash, person_id, tenant_id, created_at, \
             expires_at) VALUES (?, ?, ?, ?, ?, ?)",
            [
                reset.id.into(),
                reset.token_hash.as_bytes().to_vec().into(),
                reset.person.as_uuid().into(),
                reset.tenant.map(TenantId::as_uuid).into(),
                reset.created_at.into(),
                reset.expires_at.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Takes the reset: of several that try at once, one gets true.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn use_up(
        conn: &impl ConnectionTrait,
        id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE password_resets SET used_at = ? WHERE id = ? AND used_at IS NULL \
             AND revoked_at IS NULL AND expires_at > ?",
            [now.into(), id.into(), now.into()],
        );
        Ok(changed.await? == 1)
    }

    /// Withdraws a person's open resets.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_open(
        conn: &impl ConnectionTrait,
        person: PersonId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        sql::execute(
            conn,
            "UPDATE password_resets SET revoked_at = ? \
             WHERE person_id = ? AND used_at IS NULL AND revoked_at IS NULL",
            [now.into(), person.as_uuid().into()],
        )
        .await
    }
}
