//! `Idempotency-Key`: the answer to a keyed request is stored in the transaction of its effect, so
//! that a repetition gets the same answer and the effect never comes twice.
//!
//! The key's row is the first thing a transaction writes. A concurrent duplicate therefore waits
//! for the first one to end, then finds its answer, or does the work if the first was rolled back.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::MemberId;
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};
use tr_store::StoreError;
use tr_store::idempotency as store;

/// How long answers are kept.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// A request that carries a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotencyRequest {
    /// SHA-256 of member, method, path and key.
    pub scope: [u8; 32],
    /// SHA-256 of the body.
    pub body_hash: [u8; 32],
}

impl IdempotencyRequest {
    /// The request of a member.
    #[must_use]
    pub fn new(member: MemberId, method: &str, path: &str, key: &str, body: &[u8]) -> Self {
        let mut scope = Sha256::new();
        scope.update(member.as_uuid().as_bytes());
        for part in [method, path, key] {
            scope.update([0]);
            scope.update(part.as_bytes());
        }
        Self {
            scope: scope.finalize().into(),
            body_hash: Sha256::digest(body).into(),
        }
    }
}

/// An answer as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// HTTP status.
    pub status: u16,
    /// `ETag` header.
    pub etag: Option<String>,
    /// `Location` header.
    pub location: Option<String>,
    /// Body, secrets left out.
    pub body: Vec<u8>,
}

/// A keyed request with the way from what the use case gives to the answer that is stored.
#[derive(Clone, Copy)]
pub struct Keyed<'a, V> {
    /// The request.
    pub request: IdempotencyRequest,
    /// Makes the answer; it runs inside the transaction.
    pub answer: &'a (dyn Fn(&V) -> StoredAnswer + Sync),
}

impl<V> std::fmt::Debug for Keyed<'_, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyed")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

/// What came of a request that may be keyed.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome<V> {
    /// It was done now.
    Done(V),
    /// It had been done; this was answered.
    Replayed(StoredAnswer),
}

/// Why a keyed request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdempotencyError {
    /// The key was used for another body.
    #[error("the Idempotency-Key was used for another body")]
    BodyDiffers,
    /// The first request with the key is still under way.
    #[error("a request with this Idempotency-Key is under way")]
    InProgress,
}

/// How a key stands.
pub(crate) enum Reservation {
    /// It is this transaction's.
    Ours,
    /// It is another's, committed or under way.
    Taken,
}

/// Takes the key for this transaction.
pub(crate) async fn reserve<E: From<StoreError> + From<IdempotencyError>>(
    conn: &impl ConnectionTrait,
    request: &IdempotencyRequest,
    now: DateTime<Utc>,
) -> Result<Reservation, E> {
    match store::reserve(conn, &request.scope, &request.body_hash, now).await {
        Ok(()) => Ok(Reservation::Ours),
        Err(error) if error.is_duplicate() => Ok(Reservation::Taken),
        Err(error) if error.is_lock_wait() => Err(IdempotencyError::InProgress.into()),
        Err(error) => Err(error.into()),
    }
}

/// Stores the answer in the transaction of its effect.
pub(crate) async fn record(
    conn: &impl ConnectionTrait,
    request: &IdempotencyRequest,
    answer: &StoredAnswer,
) -> Result<(), StoreError> {
    let fields = (
        answer.status,
        answer.etag.as_deref(),
        answer.location.as_deref(),
        answer.body.as_slice(),
    );
    store::fill(conn, &request.scope, fields).await
}

/// The answer that was given to the key; `None` when it has expired and was forgotten.
pub(crate) async fn lookup<E: From<StoreError> + From<IdempotencyError>>(
    conn: &impl ConnectionTrait,
    request: &IdempotencyRequest,
    now: DateTime<Utc>,
) -> Result<Option<StoredAnswer>, E> {
    let Some(row) = store::find(conn, &request.scope).await? else {
        return Ok(None);
    };
    let oldest = now - KEPT;
    if row.created_at < oldest {
        store::forget(conn, &request.scope, oldest).await?;
        return Ok(None);
    }
    if row.body_hash != request.body_hash {
        return Err(IdempotencyError::BodyDiffers.into());
    }
    let store::KeyRow {
        status,
        etag,
        location,
        body,
        ..
    } = row;
    Ok(Some(StoredAnswer {
        status,
        etag,
        location,
        body,
    }))
}
