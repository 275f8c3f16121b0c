//! Routes as this process knows them. A request looks into memory; the catalogue is read for a
//! host that was not asked for before, once however many ask. What changes is read again at once
//! when somebody tells, every few seconds otherwise, and after every break. While the central
//! database is away, what is known goes on being used.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use cp_app::routes::{RouteDirectory, StoreError};
use cp_domain::{Route, TokenHash};
use kernel::TenantId;
use moka::{future, sync};

/// How long a host that is nobody's is remembered as such.
const UNKNOWN: Duration = Duration::from_secs(2);
/// How many tenants are kept.
const CAPACITY: u64 = 200_000;
/// How many hosts of nobody are kept; anybody may ask for anything.
const UNKNOWN_CAPACITY: u64 = 10_000;

/// The catalogue could not be read, and nothing is known.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the tenant catalogue cannot be read")]
pub struct CatalogueAway(#[source] Arc<StoreError>);

impl From<StoreError> for CatalogueAway {
    fn from(error: StoreError) -> Self {
        Self(Arc::new(error))
    }
}

/// Routes by slug and by tenant.
#[derive(Debug)]
pub struct RouteTable {
    directory: RouteDirectory,
    by_slug: sync::Cache<String, Arc<Route>>,
    by_tenant: sync::Cache<TenantId, Arc<Route>>,
    /// Loads under way and the misses of the last moments.
    loads: future::Cache<String, Option<Arc<Route>>>,
    /// A token never changes its tenant.
    tokens: sync::Cache<TokenHash, TenantId>,
    revision: AtomicU64,
    started: tokio::sync::OnceCell<()>,
}

impl RouteTable {
    /// An empty table.
    #[must_use]
    pub fn new(directory: RouteDirectory) -> Self {
        let loads = future::Cache::builder()
            .max_capacity(UNKNOWN_CAPACITY)
            .time_to_live(UNKNOWN)
            .build();
        Self {
            directory,
            by_slug: sync::Cache::new(CAPACITY),
            by_tenant: sync::Cache::new(CAPACITY),
            loads,
            tokens: sync::Cache::new(CAPACITY),
            revision: AtomicU64::new(0),
            started: tokio::sync::OnceCell::new(),
        }
    }

    /// The tenant of a slug, in whatever case it is given.
    ///
    /// # Errors
    /// When it is not known and the catalogue cannot be read.
    pub async fn by_slug(&self, slug: &str) -> Result<Option<Arc<Route>>, CatalogueAway> {
        if let Some(route) = self.by_slug.get(slug) {
            return Ok(Some(route));
        }
        let slug = slug.to_ascii_lowercase();
        if let Some(route) = self.by_slug.get(&slug) {
            return Ok(Some(route));
        }
        let load = async {
            self.start().await?;
            let found = self.directory.find_by_slug(&slug).await?;
            Ok::<_, CatalogueAway>(found.map(|route| self.put(route)))
        };
        let loaded = self.loads.try_get_with_by_ref(&slug, load).await;
        loaded.map_err(|error| (*error).clone())
    }

    /// The tenant of this id.
    ///
    /// # Errors
    /// When it is not known and the catalogue cannot be read.
    pub async fn by_tenant(&self, tenant: TenantId) -> Result<Option<Arc<Route>>, CatalogueAway> {
        if let Some(route) = self.by_tenant.get(&tenant) {
            return Ok(Some(route));
        }
        self.start().await?;
        let found = self.directory.find(tenant).await?;
        Ok(found.map(|route| self.put(route)))
    }

    /// The tenant that a personal access token is bound to.
    ///
    /// # Errors
    /// When it is not known and the catalogue cannot be read.
    pub async fn of_token(&self, hash: &TokenHash) -> Result<Option<TenantId>, CatalogueAway> {
        if let Some(tenant) = self.tokens.get(hash) {
            return Ok(Some(tenant));
        }
        let found = self.directory.tenant_of_token(hash).await?;
        if let Some(tenant) = found {
            self.tokens.insert(*hash, tenant);
        }
        Ok(found)
    }

    /// Whether the catalogue was ever read.
    #[must_use]
    pub fn has_started(&self) -> bool {
        self.started.initialized()
    }

    /// Reads what changed since the last time; answers whether anything did.
    ///
    /// # Errors
    /// When the catalogue cannot be read; what is known stays.
    pub async fn resync(&self) -> Result<bool, CatalogueAway> {
        self.start().await?;
        let mut changed = false;
        loop {
            let known = self.revision.load(Ordering::Acquire);
            let changes = self.directory.changed_since(known).await?;
            changed |= !changes.routes.is_empty();
            for route in changes.routes {
                self.revision.fetch_max(route.revision, Ordering::AcqRel);
                self.put(route);
            }
            if !changes.more {
                return Ok(changed);
            }
        }
    }

    /// Notes where the catalogue stands before anything is kept of it: what changes from then on
    /// is found by [`Self::resync`], even while a route is being loaded.
    async fn start(&self) -> Result<(), CatalogueAway> {
        let first = || async {
            let revision = self.directory.revision().await?;
            self.revision.fetch_max(revision, Ordering::AcqRel);
            Ok(())
        };
        self.started.get_or_try_init(first).await.map(|_| ())
    }

    /// Keeps a route unless a newer one is known; answers the one that is kept.
    fn put(&self, route: Route) -> Arc<Route> {
        let route = Arc::new(route);
        let newer = |known: Option<Arc<Route>>| match known {
            Some(known) if known.revision > route.revision => known,
            _ => Arc::clone(&route),
        };
        let by_slug = self.by_slug.entry_by_ref(&route.slug);
        by_slug.and_upsert_with(|entry| newer(entry.map(moka::Entry::into_value)));
        let by_tenant = self.by_tenant.entry_by_ref(&route.tenant);
        by_tenant
            .and_upsert_with(|entry| newer(entry.map(moka::Entry::into_value)))
            .into_value()
    }
}
