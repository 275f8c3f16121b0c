//! What a process found out a moment ago about who credentials stand for.

use std::{future::Future, sync::Arc, time::Duration};

use cp_domain::TokenHash;
use kernel::TenantId;
use moka::future::Cache;

use super::{CachedSession, DirectoryError};

/// How long an answer is used: the longest time in which a session that ended elsewhere is still
/// let in, should nobody be able to say so.
const FRESH: Duration = Duration::from_millis(500);
/// How many are kept.
const CAPACITY: u64 = 100_000;

/// Who a credential stands for, when it may be used.
pub type Found = Option<Arc<CachedSession>>;

/// Answers of the directory, with the tenant that was asked about. Clones share them. The process
/// that ends a session forgets it here before it says that it has ended, whether or not Redis was
/// there to tell the other processes.
#[derive(Debug, Clone)]
pub struct Recent(Cache<TokenHash, (TenantId, Found)>);

impl Recent {
    pub(super) fn new() -> Self {
        let found = Cache::builder().max_capacity(CAPACITY).time_to_live(FRESH);
        Self(found.build())
    }

    /// The answer that is known, or else what `load` says; one of those who ask at once loads it.
    ///
    /// # Errors
    /// What `load` fails with; nothing is kept then.
    pub async fn get(
        &self,
        hash: &TokenHash,
        load: impl Future<Output = Result<(TenantId, Found), DirectoryError>>,
    ) -> Result<(TenantId, Found), Arc<DirectoryError>> {
        match self.0.get(hash).await {
            Some(known) => Ok(known),
            None => Box::pin(self.0.try_get_with(*hash, load)).await,
        }
    }

    /// Forgets what is known of a session or token.
    pub async fn forget(&self, hash: &TokenHash) {
        self.0.invalidate(hash).await;
    }

    /// Forgets everything.
    pub fn forget_all(&self) {
        self.0.invalidate_all();
    }
}
