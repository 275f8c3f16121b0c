//! Keyed requests: with the same key and body, the same answer and one effect.

use cp_store::{IdempotencyStore, KeptAnswer, StoreError};
use sea_orm::ConnectionTrait;
use sha2::{Digest as _, Sha256};

use super::{Fleet, Requester};

/// A key that a client gave to a request, for the caller, method, path and body of it.
#[derive(Debug, Clone)]
pub struct Keyed {
    scope: [u8; 32],
    body_hash: [u8; 32],
}

/// A keyed request is refused.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key came with another body before.
    #[error("the idempotency key was used with another body")]
    Reused,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Keyed {
    /// The key of a request.
    #[must_use]
    pub fn new(requester: &Requester, method: &str, path: &str, key: &str, body: &[u8]) -> Self {
        let mut scope = Sha256::new();
        let staff = requester.staff.map(|id| id.to_string()).unwrap_or_default();
        for part in [staff.as_str(), method, path, key] {
            scope.update(part.as_bytes());
            scope.update([0]);
        }
        Self {
            scope: scope.finalize().into(),
            body_hash: Sha256::digest(body).into(),
        }
    }

    /// The answer that was given to this request, as the JSON it was.
    pub(super) async fn answered(&self, fleet: &Fleet) -> Result<Option<Vec<u8>>, KeyError> {
        let kept =
            IdempotencyStore::find(fleet.central.conn(), &self.scope, fleet.clock.now()).await?;
        match kept {
            None => Ok(None),
            Some(kept) if kept.body_hash == self.body_hash => Ok(Some(kept.body)),
            Some(_) => Err(KeyError::Reused),
        }
    }

    /// Keeps the answer, in the transaction of the effect.
    pub(super) async fn keep(
        &self,
        fleet: &Fleet,
        tx: &impl ConnectionTrait,
        (status, location, body): (u16, Option<String>, Vec<u8>),
    ) -> Result<(), StoreError> {
        let answer = KeptAnswer {
            body_hash: self.body_hash.to_vec(),
            status,
            location,
            body,
        };
        IdempotencyStore::insert(tx, &self.scope, &answer, fleet.clock.now()).await
    }
}
