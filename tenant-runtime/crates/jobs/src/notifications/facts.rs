//! What mail has to know of a tenant: what it is called, where its pages are, in which zone it
//! lives. Asked of the control plane, and kept: without it mail goes on with what is known.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use cp_node_api::NodeApi;
use kernel::TenantId;
use tr_domain::notifications::TimeZone;
use url::Url;

/// How long what is known is not asked again.
const FRESH: Duration = Duration::from_secs(60);

/// What mail has to know of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantFacts {
    /// Its name for people.
    pub name: String,
    /// Where its pages are, without a slash at the end.
    pub origin: String,
    /// The host of that.
    pub host: String,
    /// Where it lives.
    pub zone: TimeZone,
}

/// Nothing is known of a tenant, and nobody can be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("nothing is known of the tenant: {0}")]
pub struct FactsError(pub String);

/// Knows tenants.
pub trait Facts: Send + Sync + 'static {
    /// What is known of one.
    fn of(
        &self,
        tenant: TenantId,
    ) -> impl Future<Output = Result<Arc<TenantFacts>, FactsError>> + Send;
}

/// The control plane's answers, kept.
#[derive(Debug)]
pub struct FleetFacts {
    api: NodeApi,
    public: Url,
    kept: Mutex<HashMap<TenantId, (Instant, Arc<TenantFacts>)>>,
}

impl FleetFacts {
    /// Tenants' pages are at hosts below that of the public address.
    #[must_use]
    pub fn new(api: NodeApi, public: Url) -> Self {
        Self {
            api,
            public,
            kept: Mutex::default(),
        }
    }

    fn kept(&self, tenant: TenantId) -> Option<(Instant, Arc<TenantFacts>)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&tenant).cloned()
    }

    async fn ask(&self, tenant: TenantId) -> Result<Arc<TenantFacts>, FactsError> {
        let placed = self.api.placement(tenant).await;
        let placed = placed.map_err(|error| FactsError(error.to_string()))?;
        let host = format!(
            "{}.{}",
            placed.slug,
            self.public.host_str().unwrap_or_default()
        );
        let mut origin = self.public.clone();
        origin
            .set_host(Some(&host))
            .map_err(|error| FactsError(error.to_string()))?;
        Ok(Arc::new(TenantFacts {
            name: placed.name,
            origin: origin.as_str().trim_end_matches('/').to_owned(),
            host,
            zone: placed.time_zone.parse().unwrap_or(TimeZone::UTC),
        }))
    }
}

impl Facts for FleetFacts {
    async fn of(&self, tenant: TenantId) -> Result<Arc<TenantFacts>, FactsError> {
        let kept = self.kept(tenant);
        if let Some((since, facts)) = &kept
            && since.elapsed() < FRESH
        {
            return Ok(Arc::clone(facts));
        }
        let facts = match (self.ask(tenant).await, kept) {
            (Ok(facts), _) => facts,
            (Err(_), Some((_, stale))) => stale,
            (Err(error), None) => return Err(error),
        };
        let entry = (Instant::now(), Arc::clone(&facts));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(tenant, entry);
        Ok(facts)
    }
}
