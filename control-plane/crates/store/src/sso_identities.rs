//! Who a subject of a provider is.

use chrono::{DateTime, Utc};
use kernel::{ConnectionId, PersonId, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sql};

/// A provider's subject that a person is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The connection.
    pub connection: ConnectionId,
    /// What people call it.
    pub connection_name: String,
    /// The subject.
    pub subject: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When they last came in so.
    pub last_sign_in_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct PersonRow {
    person_id: Uuid,
}

#[derive(FromQueryResult)]
struct Row {
    connection_id: Uuid,
    connection_name: String,
    subject: String,
    created_at: DateTime<Utc>,
    last_sign_in_at: Option<DateTime<Utc>>,
}

impl From<Row> for Identity {
    fn from(row: Row) -> Self {
        Self {
            connection: row.connection_id.into(),
            connection_name: row.connection_name,
            subject: row.subject,
            created_at: row.created_at,
            last_sign_in_at: row.last_sign_in_at,
        }
    }
}

/// The table `sso_identities`.
#[derive(Debug, Clone, Copy)]
pub struct IdentityStore;

impl IdentityStore {
    /// The person that a subject is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_person(
        conn: &impl ConnectionTrait,
        connection: ConnectionId,
        subject: &str,
    ) -> Result<Option<PersonId>, StoreError> {
        let row = sql::select::<PersonRow, 2>(
            "SELECT person_id FROM sso_identities WHERE connection_id = ? AND subject = ?",
            [connection.as_uuid().into(), subject.into()],
        );
        Ok(row.one(conn).await?.map(|row| row.person_id.into()))
    }

    /// Whether a person is some subject of a connection already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_any(
        conn: &impl ConnectionTrait,
        connection: ConnectionId,
        person: PersonId,
    ) -> Result<bool, StoreError> {
        let row = sql::select::<PersonRow, 2>(
            "SELECT person_id FROM sso_identities WHERE connection_id = ? AND person_id = ? LIMIT 1",
            [connection.as_uuid().into(), person.as_uuid().into()],
        );
        Ok(row.one(conn).await?.is_some())
    }

    /// As [`Self::has_any`]; kept as it is until the transaction ends.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_any_shared(
        conn: &impl ConnectionTrait,
        connection: ConnectionId,
        person: PersonId,
    ) -> Result<bool, StoreError> {
        let row = sql::select::<PersonRow, 2>(
            "SELECT person_id FROM sso_identities WHERE connection_id = ? AND person_id = ? \
             LIMIT 1 LOCK IN SHARE MODE",
            [connection.as_uuid().into(), person.as_uuid().into()],
        );
        Ok(row.one(conn).await?.is_some())
    }

    /// A person's identities at the providers of a tenant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        person: PersonId,
    ) -> Result<Vec<Identity>, StoreError> {
        let rows = sql::select::<Row, 2>(
            "SELECT i.connection_id, c.name AS connection_name, i.subject, i.created_at, \
             i.last_sign_in_at FROM sso_identities i \
             JOIN sso_connections c ON c.id = i.connection_id \
             WHERE i.person_id = ? AND c.tenant_id = ? ORDER BY c.name, i.subject LIMIT 100",
            [person.as_uuid().into(), tenant.as_uuid().into()],
        );
        let rows = rows.all(conn).await?;
        Ok(rows.into_iter().map(Identity::from).collect())
    }

    /// Adds an identity.
    ///
    /// # Errors
    /// When the subject is somebody already, or the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        connection: ConnectionId,
        subject: &str,
        person: PersonId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO sso_identities (connection_id, subject, person_id, created_at) \
             VALUES (?, ?, ?, ?)",
            [
                connection.as_uuid().into(),
                subject.into(),
                person.as_uuid().into(),
                now.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Notes that somebody came in so.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn touch(
        conn: &impl ConnectionTrait,
        connection: ConnectionId,
        subject: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "UPDATE sso_identities SET last_sign_in_at = ? WHERE connection_id = ? AND subject = ?",
            [now.into(), connection.as_uuid().into(), subject.into()],
        )
        .await?;
        Ok(())
    }

    /// Takes a person's identities at a connection away; answers how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete(
        conn: &impl ConnectionTrait,
        connection: ConnectionId,
        person: PersonId,
    ) -> Result<u64, StoreError> {
        sql::execute(
            conn,
            "DELETE FROM sso_identities WHERE connection_id = ? AND person_id = ?",
            [connection.as_uuid().into(), person.as_uuid().into()],
        )
        .await
    }
}
