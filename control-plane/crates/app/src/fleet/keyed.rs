//! Keyed requests: with the same key and body, the same answer and one effect.

use clock::Clock;
use cp_store::{IdempotencyStore, KeptAnswer, StoreError};
use db::CentralDb;
use sea_orm::ConnectionTrait;
use serde::{Serialize, de::DeserializeOwned};
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

    async fn answered(
        &self,
        central: &CentralDb,
        clock: &Clock,
    ) -> Result<Option<Vec<u8>>, KeyError> {
        let kept = IdempotencyStore::find(central.conn(), &self.scope, clock.now()).await?;
        match kept {
            None => Ok(None),
            Some(kept) if kept.body_hash == self.body_hash => Ok(Some(kept.body)),
            Some(_) => Err(KeyError::Reused),
        }
    }
}

/// What was kept of the answer to an earlier request with this key.
pub(super) async fn kept<T: DeserializeOwned>(
    fleet: &Fleet,
    keyed: Option<&Keyed>,
) -> Result<Option<T>, KeyError> {
    kept_in(&fleet.central, &fleet.clock, keyed).await
}

/// Likewise, without a fleet.
pub(crate) async fn kept_in<T: DeserializeOwned>(
    central: &CentralDb,
    clock: &Clock,
    keyed: Option<&Keyed>,
) -> Result<Option<T>, KeyError> {
    let Some(keyed) = keyed else { return Ok(None) };
    let Some(body) = keyed.answered(central, clock).await? else {
        return Ok(None);
    };
    let read = serde_json::from_slice(&body);
    read.map(Some)
        .map_err(|_| StoreError::corrupt("idempotency_keys", "body").into())
}

/// Keeps what an answer is made of, in the transaction of the effect.
pub(super) async fn keep(
    fleet: &Fleet,
    tx: &impl ConnectionTrait,
    keyed: Option<&Keyed>,
    status: u16,
    body: &impl Serialize,
) -> Result<(), StoreError> {
    keep_in(&fleet.clock, tx, keyed, status, body).await
}

/// Likewise, without a fleet.
pub(crate) async fn keep_in(
    clock: &Clock,
    tx: &impl ConnectionTrait,
    keyed: Option<&Keyed>,
    status: u16,
    body: &impl Serialize,
) -> Result<(), StoreError> {
    let Some(keyed) = keyed else { return Ok(()) };
    let answer = KeptAnswer {
        body_hash: keyed.body_hash.to_vec(),
        status,
        location: None,
        body: serde_json::to_vec(body).unwrap_or_default(),
    };
    IdempotencyStore::insert(tx, &keyed.scope, &answer, clock.now()).await
}
