//! The keys that sign identities: made when they are due, sealed at rest, shared by all processes
//! of the control plane through the central database.

use std::sync::{Arc, PoisonError, RwLock};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use clock::Clock;
use cp_domain::{DueKey, KeyTerm, due_key, signing_key};
use cp_store::{
    IdentityKey, IdentityKeyStore, RouteStore, StoreError,
    seal::{Purpose, SealError, Sealer},
};
use db::CentralDb;
use identity::{KeyError, PublicKey, Signer, SigningKey, generate_key};
use sea_orm::ConnectionTrait;
use secrecy::ExposeSecret as _;
use uuid::Uuid;

/// For how long retired keys stay for the records.
const KEPT: TimeDelta = TimeDelta::days(30);

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum IdentityKeyError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key cannot be sealed or opened: the process has another sealing key than the one that made it.
    #[error("an identity key cannot be opened")]
    Seal(#[from] SealError),
    /// What was sealed is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The keys as this process knows them. Clones share what is known.
#[derive(Debug, Clone)]
pub struct IdentityKeys {
    db: CentralDb,
    sealer: Sealer,
    clock: Clock,
    known: Arc<RwLock<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    terms: Vec<KeyTerm>,
    signers: Vec<Arc<Signer>>,
    public: Vec<PublicKey>,
}

impl IdentityKeys {
    /// The keys of this database. Nothing is read before [`Self::refresh`].
    #[must_use]
    pub fn new(db: CentralDb, sealer: Sealer, clock: Clock) -> Self {
        Self {
            db,
            sealer,
            clock,
            known: Arc::default(),
        }
    }

    /// Reads the keys, and makes the one that is due. To be called at the start and every minute;
    /// when it fails, what is known stays.
    ///
    /// # Errors
    /// When the database fails or a key cannot be opened.
    pub async fn refresh(&self) -> Result<(), IdentityKeyError> {
        let now = self.clock.now();
        let mut keys = IdentityKeyStore::list_accepted(self.db.conn(), now).await?;
        if due_key(&terms(&keys), now).is_some() {
            keys = self.make_due(now).await?;
        }
        let known = self.open(&keys)?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    /// The public halves of all keys that are accepted, the coming one included; reads them first
    /// when none are known.
    ///
    /// # Errors
    /// When none are known and they cannot be read.
    pub async fn public_keys(&self) -> Result<Vec<PublicKey>, IdentityKeyError> {
        let known = self.read().public.clone();
        if !known.is_empty() {
            return Ok(known);
        }
        self.refresh().await?;
        Ok(self.read().public.clone())
    }

    /// What signs now; none while no key is known.
    #[must_use]
    pub fn signer(&self, now: DateTime<Utc>) -> Option<Arc<Signer>> {
        let known = self.read();
        signing_key(&known.terms, now).and_then(|place| known.signers.get(place).cloned())
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the key that is due, unless another process was faster.
    async fn make_due(&self, now: DateTime<Utc>) -> Result<Vec<IdentityKey>, IdentityKeyError> {
        let tx = self.db.begin().await.map_err(StoreError::from)?;
        RouteStore::lock_revision(&tx).await?;
        let keys = IdentityKeyStore::list_accepted(&tx, now).await?;
        if let Some(due) = due_key(&terms(&keys), now) {
            self.make(&tx, due, now).await?;
            IdentityKeyStore::delete_retired(&tx, now - KEPT).await?;
        }
        let keys = IdentityKeyStore::list_accepted(&tx, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(keys)
    }

    async fn make(
        &self,
        conn: &impl ConnectionTrait,
        due: DueKey,
        now: DateTime<Utc>,
    ) -> Result<(), IdentityKeyError> {
        let id = Uuid::from_bytes(rand::random());
        let kid = BASE64_URL_SAFE_NO_PAD.encode(id);
        let key = generate_key();
        let public = BASE64_URL_SAFE_NO_PAD
            .decode(key.public(&kid).x)
            .unwrap_or_default();
        let row = IdentityKey {
            public_key: public.try_into().map_err(|_| KeyError::Public)?,
            sealed_private_key: self.sealer.seal(Purpose::IdentityKey, id, &key.to_der()?)?,
            term: KeyTerm {
                signs_from: due.signs_from,
                retires_at: None,
            },
            created_at: now,
            kid,
        };
        IdentityKeyStore::insert(conn, &row, due.others_retire_at).await?;
        tracing::info!(kid = row.kid, signs_from = %due.signs_from, "made an identity key");
        Ok(())
    }

    fn open(&self, keys: &[IdentityKey]) -> Result<Known, IdentityKeyError> {
        let mut known = Known {
            terms: terms(keys),
            ..Known::default()
        };
        for key in keys {
            let sealed = &key.sealed_private_key;
            let private = self
                .sealer
                .open(Purpose::IdentityKey, owner(&key.kid)?, sealed)?;
            let private = SigningKey::from_der(private.expose_secret())?;
            let signer = Signer::new(key.kid.clone(), private);
            known.public.push(signer.public());
            known.signers.push(Arc::new(signer));
        }
        Ok(known)
    }
}

fn terms(keys: &[IdentityKey]) -> Vec<KeyTerm> {
    keys.iter().map(|key| key.term).collect()
}

/// The key's id as the envelope knows it.
fn owner(kid: &str) -> Result<Uuid, StoreError> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(kid).ok();
    let id = bytes.and_then(|bytes| Uuid::from_slice(&bytes).ok());
    id.ok_or(StoreError::corrupt("identity_keys", "kid"))
}
