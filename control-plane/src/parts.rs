//! The parts that all roles and commands are made of, put together once.

use std::sync::Arc;

use clock::Clock;
use cp_app::{
    Auth, CentralPlacements, Links, access::Access, cache::Cache, fleet::Fleet,
    identity_keys::IdentityKeys, nodes::Nodes, passwords::Passwords, push::Pushes, worker::Worker,
};
use cp_store::seal::{KeyRing, Sealer};
use db::{CentralDb, TenantPools};

use crate::settings::Settings;

/// The parts. Nothing is connected yet: connections are made when they are first used, so that a
/// program starts, and says why it is not ready, while a server is away.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The central database.
    pub central: CentralDb,
    /// Redis.
    pub cache: Cache,
    /// What other processes say.
    pub pushes: Pushes,
    /// People, members, staff.
    pub auth: Auth,
    /// Tenants, servers, operations.
    pub fleet: Fleet,
    /// Runtime nodes.
    pub nodes: Nodes,
}

impl Parts {
    /// Puts the parts together. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// When a setting is not usable.
    pub async fn new(settings: Settings, clock: Clock) -> anyhow::Result<Self> {
        let sealer = Sealer::new(KeyRing::parse(settings.secrets.keys.expose())?);
        let shared_sealer = Arc::new(sealer.clone());
        let central = CentralDb::connect(&settings.database).await?;
        let cache = Cache::connect(settings.redis.url.expose())?;
        let pushes = Pushes::new(cache.clone());
        let links = Links::new(&settings.public_url)?;
        let placements = CentralPlacements::new(central.clone(), Arc::clone(&shared_sealer));
        let auth = Auth::new(
            central.clone(),
            TenantPools::new(settings.pools, Arc::new(placements)),
            cache.clone(),
            clock.clone(),
            Arc::clone(&shared_sealer),
            Passwords::new(settings.passwords.clone())?,
            links.clone(),
            settings.sessions,
        )
        .with_staff(settings.staff.clone())
        .with_sso(&settings.sso)
        .with_access(
            Access::new(&settings.access, central.clone(), clock.clone())?,
            pushes.clone(),
        );
        let fleet = Fleet {
            central: central.clone(),
            clock: clock.clone(),
            sealer: shared_sealer,
            pushes: pushes.clone(),
            links,
            nudge: Arc::default(),
        };
        let nodes = Nodes {
            db: central.clone(),
            sealer: sealer.clone(),
            keys: IdentityKeys::new(central.clone(), sealer, clock.clone()),
            pushes: pushes.clone(),
            clock,
        };
        Ok(Self {
            settings: Arc::new(settings),
            central,
            cache,
            pushes,
            auth,
            fleet,
            nodes,
        })
    }

    /// The worker of operations.
    #[must_use]
    pub fn worker(&self) -> Worker {
        Worker::new(
            self.fleet.clone(),
            self.auth.clone(),
            self.settings.work.worker(),
            self.settings.accounts,
            self.settings.fault.of_worker(),
        )
    }
}
