//! Keyed requests: with the same key and body, the same answer and one effect.

use cp_store::{IdempotencyStore, KeptAnswer, Member, StoreError};
use kernel::MemberId;
use sea_orm::DatabaseTransaction;
use sha2::{Digest as _, Sha256};

use super::MemberError;
use crate::Auth;

/// A keyed request: its scope, and how its answer looks.
pub struct Keyed<'a> {
    scope: [u8; 32],
    answer: &'a (dyn Fn(&Member) -> KeptAnswer + Send + Sync),
}

impl std::fmt::Debug for Keyed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyed")
    }
}

/// What tells two bodies of one key apart.
#[must_use]
pub fn body_hash(body: &[u8]) -> Vec<u8> {
    Sha256::digest(body).to_vec()
}

impl<'a> Keyed<'a> {
    /// The request of this member with this method, path and key.
    #[must_use]
    pub fn new(
        member: MemberId,
        method: &str,
        path: &str,
        key: &str,
        answer: &'a (dyn Fn(&Member) -> KeptAnswer + Send + Sync),
    ) -> Self {
        let mut scope = Sha256::new();
        for part in [member.to_string().as_str(), method, path, key] {
            scope.update(part.as_bytes());
            scope.update([0]);
        }
        Self {
            scope: scope.finalize().into(),
            answer,
        }
    }

    /// Ends the use case with the answer that was given before.
    pub(super) async fn refuse_answered(
        keyed: Option<&Self>,
        tx: &DatabaseTransaction,
        auth: &Auth,
    ) -> Result<(), MemberError> {
        let Some(keyed) = keyed else { return Ok(()) };
        match IdempotencyStore::find(tx, &keyed.scope, auth.clock.now()).await? {
            Some(kept) => Err(MemberError::Answered(Box::new(kept))),
            None => Ok(()),
        }
    }

    /// Keeps the answer in the transaction of the effect.
    pub(super) async fn keep_answer(
        keyed: Option<&Self>,
        tx: &DatabaseTransaction,
        auth: &Auth,
        member: &Member,
    ) -> Result<(), StoreError> {
        let Some(keyed) = keyed else { return Ok(()) };
        let answer = (keyed.answer)(member);
        IdempotencyStore::insert(tx, &keyed.scope, &answer, auth.clock.now()).await
    }
}
