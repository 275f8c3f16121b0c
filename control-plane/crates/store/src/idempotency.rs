//! Answers to keyed requests, written in the transaction of their effect.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::{StoreError, sql};

/// How long an answer is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// An answer that was given.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct KeptAnswer {
    /// SHA-256 of the body it answered.
    pub body_hash: Vec<u8>,
    /// Its status.
    pub status: u16,
    /// Its `Location`.
    pub location: Option<String>,
    /// Its body.
    pub body: Vec<u8>,
}

/// The table `idempotency_keys`.
#[derive(Debug, Clone, Copy)]
pub struct IdempotencyStore;

impl IdempotencyStore {
    /// The answer that was given to this scope: SHA-256 of actor, method, path and key. Answers
    /// older than a day are forgotten on the way.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        scope: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<KeptAnswer>, StoreError> {
        sql::execute(
            conn,
            "DELETE FROM idempotency_keys WHERE created_at <= ? ORDER BY created_at LIMIT 100",
            [(now - KEPT).into()],
        )
        .await?;
        let found = sql::select::<KeptAnswer, 1>(
            "SELECT body_hash, status, location, body FROM idempotency_keys WHERE scope = ?",
            [scope.to_vec().into()],
        );
        Ok(found.one(conn).await?)
    }

    /// Keeps an answer. Of two requests at once, the second is told [`StoreError::Duplicate`]
    /// once the first has committed.
    ///
    /// # Errors
    /// When the scope has an answer or the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        scope: &[u8; 32],
        answer: &KeptAnswer,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO idempotency_keys (scope, body_hash, status, location, body, created_at) \
             VALUES (?, ?, ?, ?, ?, ?)",
            [
                scope.to_vec().into(),
                answer.body_hash.clone().into(),
                answer.status.into(),
                answer.location.clone().into(),
                answer.body.clone().into(),
                now.into(),
            ],
        )
        .await?;
        Ok(())
    }
}
