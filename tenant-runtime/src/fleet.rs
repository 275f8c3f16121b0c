//! A process of the runtime as part of the fleet: registered, told what changes, with pools that
//! know where tenants are. `serve`, `work` and `tick` all start with it.

use std::sync::Arc;

use anyhow::Context as _;
use cp_node_api::{NodeApi, NodeRegistration, NodeRole, PublicKey};
use db::{PoolBudget, TenantPools};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tr_node::{Directory, NodeProfile, Registration, follow_changes};
use web::health::Health;

use crate::settings::Settings;

/// Connections to one tenant's database for those who wait for somebody outside meanwhile.
const OUTSIDE_PER_TENANT: u32 = 2;

/// What differs between the subcommands.
pub struct Part {
    /// What the process does.
    pub role: NodeRole,
    /// Takes the keys that sign identities.
    pub keys: Box<dyn Fn(Vec<PublicKey>) + Send + Sync>,
    /// How many requests or jobs are being worked on.
    pub in_flight: Box<dyn Fn() -> u32 + Send + Sync>,
    /// Where it is said that the process is not registered yet.
    pub health: Health,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Part")
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// The fleet as this process reaches it, before it is part of it.
#[derive(Debug)]
pub struct Fleet {
    /// The tenants' databases.
    pub pools: TenantPools,
    /// The same for those who hold one while they wait for somebody outside, a receiver of
    /// webhooks or the mail server: however many wait, they keep nobody else from a database.
    pub pools_outside: TenantPools,
    /// The control plane's node API.
    pub api: NodeApi,
    directory: Arc<Directory<NodeApi>>,
}

impl Fleet {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// When the control plane's address cannot be used.
    pub fn new(settings: &Settings) -> anyhow::Result<Self> {
        let secret = settings.node.secret.expose().to_owned();
        let api = NodeApi::new(&settings.control_plane.url, secret.into())
            .context("control_plane.url")?;
        let directory = Arc::new(Directory::new(api.clone()));
        let budget = budget(settings);
        let pools = TenantPools::new(budget, directory.clone());
        let outside = PoolBudget {
            per_tenant: OUTSIDE_PER_TENANT,
            total: budget.total / 4,
            ..budget
        };
        let pools_outside = TenantPools::new(outside, directory.clone());
        Ok(Self {
            pools,
            pools_outside,
            api,
            directory,
        })
    }

    /// Starts to register, in the background: a control plane that is not there yet is waited for.
    #[must_use]
    pub fn join(&self, settings: &Settings, part: Part) -> Membership {
        let profile = NodeProfile {
            registration: registration(settings, part.role),
            keys: part.keys,
            in_flight: part.in_flight,
            health: part.health,
        };
        let registration = Arc::new(Registration::new(self.api.clone(), profile));
        let stop = CancellationToken::new();
        let life = tokio::spawn(live(
            Arc::clone(&registration),
            self.api.clone(),
            Arc::clone(&self.directory),
            vec![self.pools.clone(), self.pools_outside.clone()],
            stop.clone(),
        ));
        Membership {
            registration,
            stop,
            life,
        }
    }
}

/// This process's place in the fleet.
#[derive(Debug)]
pub struct Membership {
    registration: Arc<Registration>,
    stop: CancellationToken,
    life: JoinHandle<()>,
}

impl Membership {
    /// Tells the control plane that nothing new is taken.
    pub async fn drain(&self) {
        self.registration.drain().await;
    }

    /// Stops beating and leaves the fleet.
    pub async fn leave(self) {
        self.stop.cancel();
        if let Err(error) = self.life.await {
            tracing::error!(%error, "the node's life failed");
        }
        self.registration.leave().await;
    }
}

/// Registers, then beats and hears of changes until stopped.
async fn live(
    registration: Arc<Registration>,
    api: NodeApi,
    directory: Arc<Directory<NodeApi>>,
    pools: Vec<TenantPools>,
    stop: CancellationToken,
) {
    let Some(registered) = registration.register(&stop).await else {
        return;
    };
    let changes = follow_changes(api, directory, registered.revision, pools, stop.clone());
    tokio::join!(registration.keep_beating(registered, &stop), changes);
}

fn registration(settings: &Settings, role: NodeRole) -> NodeRegistration {
    let address = match (role, settings.node.address.as_str()) {
        (NodeRole::Serve, "") => Some(settings.serve.address.to_string()),
        (NodeRole::Serve, address) => Some(address.to_owned()),
        (NodeRole::Work | NodeRole::Tick, _) => None,
    };
    NodeRegistration {
        name: settings.node.name.clone(),
        address,
        ring: settings.node.ring.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        roles: vec![role],
    }
}

fn budget(settings: &Settings) -> PoolBudget {
    let pools = &settings.pools;
    PoolBudget {
        per_tenant: pools.per_tenant,
        total: pools.total,
        idle_seconds: pools.idle_seconds,
        queue: pools.queue,
        acquire_timeout_ms: pools.acquire_timeout_ms,
        statement_timeout_ms: pools.statement_timeout_ms,
    }
}
