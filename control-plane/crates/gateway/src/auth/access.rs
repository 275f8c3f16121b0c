//! Who a credential stands for, kept for a moment and dropped as soon as somebody says that it
//! changed.

use std::{sync::Arc, time::Duration};

use cp_app::{
    StoreError,
    sessions::{
        CachedSession, DirectoryError, Found, PresentedCredential, Recent, Rotated,
        SessionDirectory,
    },
};
use cp_domain::TokenHash;
use kernel::TenantId;

/// How long it is remembered that a credential was good.
const LATELY: Duration = Duration::from_secs(15 * 60);
/// How many are kept.
const CAPACITY: u64 = 100_000;

/// Who credentials stand for.
#[derive(Debug)]
pub(crate) struct AccessTable {
    directory: SessionDirectory,
    found: Recent,
    /// Those that were good lately, whether or not they still are.
    good: moka::sync::Cache<TokenHash, ()>,
}

impl AccessTable {
    pub(crate) fn new(directory: SessionDirectory) -> Self {
        let good = moka::sync::Cache::builder()
            .max_capacity(CAPACITY)
            .time_to_idle(LATELY)
            .build();
        Self {
            found: directory.recent().clone(),
            directory,
            good,
        }
    }

    /// Who the credential stands for in this tenant, when it may be used.
    pub(crate) async fn resolve(
        &self,
        tenant: TenantId,
        presented: &PresentedCredential,
    ) -> Result<Found, Arc<DirectoryError>> {
        let load = async { Ok((tenant, self.ask(tenant, presented).await?)) };
        let (of, found) = self.found.get(presented.hash(), load).await?;
        if of == tenant {
            return Ok(found);
        }
        // Shown to two tenants: it can be good for one of them only, and is never kept for both.
        self.ask(tenant, presented).await.map_err(Arc::new)
    }

    /// Who the credential stands for, as the directory says now, and not as a use of it.
    pub(crate) async fn look(
        &self,
        tenant: TenantId,
        presented: &PresentedCredential,
    ) -> Result<Option<CachedSession>, DirectoryError> {
        self.directory.look(tenant, presented).await
    }

    async fn ask(
        &self,
        tenant: TenantId,
        presented: &PresentedCredential,
    ) -> Result<Found, DirectoryError> {
        let found = self.directory.resolve(tenant, presented).await?;
        if found.is_some() {
            self.good.insert(*presented.hash(), ());
        }
        Ok(found.map(Arc::new))
    }

    /// Puts another session in the place of a marked one, unless somebody else just did.
    pub(crate) async fn rotate(
        &self,
        session: &CachedSession,
        hash: &TokenHash,
    ) -> Result<Option<Rotated>, StoreError> {
        let rotated = self.directory.rotate(session, hash).await?;
        self.forget(hash).await;
        if let Some(rotated) = &rotated {
            self.good.insert(*rotated.credential.hash(), ());
        }
        Ok(rotated)
    }

    /// Whether the credential was good lately: no guess.
    pub(crate) fn was_good(&self, presented: &PresentedCredential) -> bool {
        self.good.contains_key(presented.hash())
    }

    /// Forgets what is known of a session or token.
    pub(crate) async fn forget(&self, hash: &TokenHash) {
        self.found.forget(hash).await;
    }

    /// Forgets everything.
    pub(crate) fn forget_all(&self) {
        self.found.forget_all();
    }
}
