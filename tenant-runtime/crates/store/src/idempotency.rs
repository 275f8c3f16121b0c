//! Answers to keyed requests, kept with their effects.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;

use crate::StoreError;
use crate::sql::Sql;

/// A stored answer with the hash of the body that it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// SHA-256 of the request's body.
    pub body_hash: Vec<u8>,
    /// HTTP status.
    pub status: u16,
    /// `ETag` header.
    pub etag: Option<String>,
    /// `Location` header.
    pub location: Option<String>,
    /// Body.
    pub body: Vec<u8>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// Reserves a scope for the transaction. Another transaction that reserves it waits until this one
/// has ended; if it was committed, the other gets a duplicate key.
///
/// # Errors
/// When the scope is taken, or the database fails.
pub async fn reserve(
    conn: &impl ConnectionTrait,
    scope: &[u8; 32],
    body_hash: &[u8; 32],
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    Sql::new(
        "INSERT INTO idempotency_keys (scope, body_hash, status, body, created_at) \
         VALUES (?, ?, 0, '', ?)",
    )
    .bind(scope.to_vec())
    .bind(body_hash.to_vec())
    .bind(at)
    .run(conn)
    .await
    .map(drop)
}

/// Writes the answer of a reserved scope.
///
/// # Errors
/// When the database fails.
pub async fn fill(
    conn: &impl ConnectionTrait,
    scope: &[u8; 32],
    answer: (u16, Option<&str>, Option<&str>, &[u8]),
) -> Result<(), StoreError> {
    let (status, etag, location, body) = answer;
    Sql::new(
        "UPDATE idempotency_keys SET status = ?, etag = ?, location = ?, body = ? WHERE scope = ?",
    )
    .bind(status)
    .bind(etag.map(str::to_owned))
    .bind(location.map(str::to_owned))
    .bind(body.to_vec())
    .bind(scope.to_vec())
    .run(conn)
    .await
    .map(drop)
}

/// The stored answer of a scope.
///
/// # Errors
/// When the database fails.
pub async fn find(
    conn: &impl ConnectionTrait,
    scope: &[u8; 32],
) -> Result<Option<KeyRow>, StoreError> {
    Sql::new(
        "SELECT body_hash, status, etag, location, body, created_at \
         FROM idempotency_keys WHERE scope = ?",
    )
    .bind(scope.to_vec())
    .one(conn, |c| {
        Ok(KeyRow {
            body_hash: c.get()?,
            status: c.get()?,
            etag: c.get()?,
            location: c.get()?,
            body: c.get()?,
            created_at: c.time()?,
        })
    })
    .await
}

/// Forgets a scope whose answer is older than `before`.
///
/// # Errors
/// When the database fails.
pub async fn forget(
    conn: &impl ConnectionTrait,
    scope: &[u8; 32],
    before: DateTime<Utc>,
) -> Result<(), StoreError> {
    Sql::new("DELETE FROM idempotency_keys WHERE scope = ? AND created_at < ?")
        .bind(scope.to_vec())
        .bind(before)
        .run(conn)
        .await
        .map(drop)
}
