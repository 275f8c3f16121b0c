//! What a gateway asks of the tenant catalogue.

use cp_domain::{Route, TokenHash};
use cp_store::RouteStore;
pub use cp_store::StoreError;
use db::CentralDb;
use kernel::TenantId;

/// How many changes are read at a time.
const BATCH: u64 = 500;

/// The tenant catalogue as a gateway reads it.
#[derive(Debug, Clone)]
pub struct RouteDirectory {
    db: CentralDb,
}

/// What changed in the catalogue.
#[derive(Debug, Clone)]
pub struct RouteChanges {
    /// The routes as they are now, the oldest change first.
    pub routes: Vec<Route>,
    /// Whether there are more.
    pub more: bool,
}

impl RouteDirectory {
    /// The directory of this database.
    #[must_use]
    pub const fn new(db: CentralDb) -> Self {
        Self { db }
    }

    /// The route of a slug, in lower case.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_by_slug(&self, slug: &str) -> Result<Option<Route>, StoreError> {
        RouteStore::find_by_slug(self.db.conn(), slug).await
    }

    /// The route of a tenant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(&self, tenant: TenantId) -> Result<Option<Route>, StoreError> {
        RouteStore::find(self.db.conn(), tenant).await
    }

    /// The tenant that a personal access token is bound to; whether it may be used is for the
    /// directory of sessions to say.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tenant_of_token(&self, hash: &TokenHash) -> Result<Option<TenantId>, StoreError> {
        RouteStore::find_tenant_of_token(self.db.conn(), hash).await
    }

    /// The number of the catalogue's last change.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revision(&self) -> Result<u64, StoreError> {
        RouteStore::revision(self.db.conn()).await
    }

    /// What changed after a revision.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn changed_since(&self, revision: u64) -> Result<RouteChanges, StoreError> {
        let routes = RouteStore::list_changed(self.db.conn(), revision, BATCH).await?;
        let more = u64::try_from(routes.len()).unwrap_or(u64::MAX) >= BATCH;
        Ok(RouteChanges { routes, more })
    }
}
