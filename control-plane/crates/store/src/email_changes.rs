//! New e-mail addresses that wait until their link is followed.

use chrono::{DateTime, Utc};
use cp_domain::{Email, TokenHash};
use kernel::PersonId;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, people::read_email, sql};

/// A change that was asked for.
#[derive(Debug, Clone)]
pub struct EmailChange {
    /// The change.
    pub id: Uuid,
    /// The hash of the link's token.
    pub token_hash: TokenHash,
    /// Whose address it becomes.
    pub person: PersonId,
    /// The new address.
    pub email: Email,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    person_id: Uuid,
    email: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// The table `email_changes`.
#[derive(Debug, Clone, Copy)]
pub struct EmailChangeStore;

impl EmailChangeStore {
    /// The change of this token, when it can be made.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_open(
        conn: &impl ConnectionTrait,
        hash: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<EmailChange>, StoreError> {
        let row = sql::select::<Row, 2>(
            "SELECT id, person_id, email, created_at, expires_at FROM email_changes \
             WHERE token_hash = ? AND used_at IS NULL AND revoked_at IS NULL AND expires_at > ?",
            [hash.as_bytes().to_vec().into(), now.into()],
        );
        let Some(row) = row.one(conn).await? else {
            return Ok(None);
        };
        Ok(Some(EmailChange {
            id: row.id,
            token_hash: *hash,
            person: row.person_id.into(),
            email: read_email(&row.email)?,
            created_at: row.created_at,
            expires_at: row.expires_at,
        }))
    }

    /// Adds a change.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        change: &EmailChange,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO email_changes (id, token_hash, person_id, email, created_at, expires_at) \
             VALUES (?, ?, ?, ?, ?, ?)",
            [
                change.id.into(),
                change.token_hash.as_bytes().to_vec().into(),
                change.person.as_uuid().into(),
                change.email.as_str().into(),
                change.created_at.into(),
                change.expires_at.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Takes the change: of several that try at once, one gets true.
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
            "UPDATE email_changes SET used_at = ? WHERE id = ? AND used_at IS NULL \
             AND revoked_at IS NULL AND expires_at > ?",
            [now.into(), id.into(), now.into()],
        );
        Ok(changed.await? == 1)
    }

    /// Withdraws a person's open changes.
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
            "UPDATE email_changes SET revoked_at = ? \
             WHERE person_id = ? AND used_at IS NULL AND revoked_at IS NULL",
            [now.into(), person.as_uuid().into()],
        )
        .await
    }
}
