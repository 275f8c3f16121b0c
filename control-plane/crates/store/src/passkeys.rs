//! WebAuthn credentials of people.

use chrono::{DateTime, Utc};
use cp_domain::TokenHash;
use kernel::{PasskeyId, PersonId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sql};

/// A passkey.
#[derive(Debug, Clone)]
pub struct PasskeyRecord {
    /// The passkey.
    pub id: PasskeyId,
    /// Whose it is.
    pub person: PersonId,
    /// The SHA-256 of the credential's id.
    pub credential_hash: TokenHash,
    /// Public key and counters, as JSON.
    pub credential: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub last_used_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    person_id: Uuid,
    credential_hash: Vec<u8>,
    credential: String,
    name: String,
    created_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for PasskeyRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            person: row.person_id.into(),
            credential_hash: TokenHash::from_slice(&row.credential_hash)
                .ok_or(StoreError::corrupt("passkeys", "credential_hash"))?,
            credential: row.credential,
            name: row.name,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        })
    }
}

const COLUMNS: &str = "SELECT id, person_id, credential_hash, credential, name, created_at, \
     last_used_at FROM passkeys WHERE ";

/// The table `passkeys`.
#[derive(Debug, Clone, Copy)]
pub struct PasskeyStore;

impl PasskeyStore {
    /// A person's passkeys, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        person: PersonId,
    ) -> Result<Vec<PasskeyRecord>, StoreError> {
        let rows = sql::select::<Row, 1>(
            &format!("{COLUMNS}person_id = ? ORDER BY id LIMIT 100"),
            [person.as_uuid().into()],
        );
        let rows = rows.all(conn).await?;
        rows.into_iter().map(PasskeyRecord::try_from).collect()
    }

    /// The passkey of a person with this credential.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_credential(
        conn: &impl ConnectionTrait,
        person: PersonId,
        credential: &TokenHash,
    ) -> Result<Option<PasskeyRecord>, StoreError> {
        let row = sql::select::<Row, 2>(
            &format!("{COLUMNS}credential_hash = ? AND person_id = ?"),
            [
                credential.as_bytes().to_vec().into(),
                person.as_uuid().into(),
            ],
        );
        row.one(conn)
            .await?
            .map(PasskeyRecord::try_from)
            .transpose()
    }

    /// Adds a passkey.
    ///
    /// # Errors
    /// When the credential is somebody's already or the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        passkey: &PasskeyRecord,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO passkeys (id, person_id, credential_hash, credential, name, created_at) \
             VALUES (?, ?, ?, ?, ?, ?)",
            [
                passkey.id.as_uuid().into(),
                passkey.person.as_uuid().into(),
                passkey.credential_hash.as_bytes().to_vec().into(),
                passkey.credential.as_str().into(),
                passkey.name.as_str().into(),
                passkey.created_at.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Notes a use, with the counters after it; answers false when it was removed meanwhile.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn used(
        conn: &impl ConnectionTrait,
        id: PasskeyId,
        credential: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE passkeys SET credential = ?, last_used_at = ? WHERE id = ?",
            [credential.into(), now.into(), id.as_uuid().into()],
        );
        Ok(changed.await? == 1)
    }

    /// Gives a person's passkey another name; answers false when it is not theirs.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rename(
        conn: &impl ConnectionTrait,
        person: PersonId,
        id: PasskeyId,
        name: &str,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE passkeys SET name = ? WHERE id = ? AND person_id = ?",
            [name.into(), id.as_uuid().into(), person.as_uuid().into()],
        );
        Ok(changed.await? == 1)
    }

    /// Removes a person's passkey; answers false when it is not theirs.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete(
        conn: &impl ConnectionTrait,
        person: PersonId,
        id: PasskeyId,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "DELETE FROM passkeys WHERE id = ? AND person_id = ?",
            [id.as_uuid().into(), person.as_uuid().into()],
        );
        Ok(changed.await? == 1)
    }
}
