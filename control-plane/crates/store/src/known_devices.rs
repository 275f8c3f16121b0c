//! Browsers in which people have signed in before.

use chrono::{DateTime, Utc};
use cp_domain::{Email, TokenHash};
use kernel::PersonId;
use sea_orm::ConnectionTrait;

use crate::{StoreError, sql};

/// The table `known_devices`.
#[derive(Debug, Clone, Copy)]
pub struct KnownDeviceStore;

impl KnownDeviceStore {
    /// Whether the person with this address has signed in in this browser since then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn knows(
        conn: &impl ConnectionTrait,
        email: &Email,
        device: &TokenHash,
        since: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let known = sql::statement(
            "SELECT d.person_id FROM known_devices d JOIN people p ON p.id = d.person_id \
             WHERE p.email = ? AND d.device_hash = ? AND d.seen_at > ?",
            [
                email.as_str().into(),
                device.as_bytes().to_vec().into(),
                since.into(),
            ],
        );
        Ok(conn.query_one_raw(known).await?.is_some())
    }

    /// Notes that a person's browser was used again; answers false when it is not one of theirs.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn touch(
        conn: &impl ConnectionTrait,
        person: PersonId,
        device: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE known_devices SET seen_at = ? \
             WHERE person_id = ? AND device_hash = ?",
            [
                now.into(),
                person.as_uuid().into(),
                device.as_bytes().to_vec().into(),
            ],
        );
        Ok(changed.await? == 1)
    }

    /// Adds a browser.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        person: PersonId,
        device: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO known_devices (person_id, device_hash, created_at, seen_at) \
             VALUES (?, ?, ?, ?)",
            [
                person.as_uuid().into(),
                device.as_bytes().to_vec().into(),
                now.into(),
                now.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Forgets a person's browsers.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_all(
        conn: &impl ConnectionTrait,
        person: PersonId,
    ) -> Result<u64, StoreError> {
        sql::execute(
            conn,
            "DELETE FROM known_devices WHERE person_id = ?",
            [person.as_uuid().into()],
        )
        .await
    }
}
