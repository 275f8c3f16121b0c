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

/// A process that is, or is about to be, part of the fleet.
#[derive(Debug)]
pub struct Fleet {
    /// The tenants' databases.
    pub pools: TenantPools,
    /// The control plane's node API.
    pub api: NodeApi,
    registration: Arc<Registration>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Fleet {
    /// Starts to register, in the background: a control plane that is not there yet is waited for.
    ///
    /// # Errors
    /// When the control plane's address cannot be used.
    pub fn join(settings: &Settings, part: Part) -> anyhow::Result<Self> {
        let secret = settings.node.secret.expose().to_owned();
        let api = NodeApi::new(&settings.control_plane.url, secret.into())
            .context("control_plane.url")?;
        let directory = Arc::new(Directory::new(api.clone()));
        let pools = TenantPools::new(budget(settings), directory.clone());
        let profile = NodeProfile {
            registration: registration(settings, part.role),
            keys: part.keys,
            in_flight: part.in_flight,
            health: part.health,
        };
        let registration = Arc::new(Registration::new(api.clone(), profile));
        let stop = CancellationToken::new();
        let life = live(
            Arc::clone(&registration),
            api.clone(),
            directory,
            pools.clone(),
            stop.clone(),
        );
        let tasks = vec![tokio::spawn(life)];
        Ok(Self {
            pools,
            api,
            registration,
            stop,
            tasks,
        })
    }

    /// Tells the control plane that nothing new is taken.
    pub async fn drain(&self) {
        self.registration.drain().await;
    }

    /// Ends the background work, leaves the fleet and closes the databases.
    pub async fn leave(self) {
        self.stop.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the node failed");
            }
        }
        self.registration.leave().await;
        self.pools.close().await;
    }
}

/// Registers, then beats and hears of changes until stopped.
async fn live(
    registration: Arc<Registration>,
    api: NodeApi,
    directory: Arc<Directory<NodeApi>>,
    pools: TenantPools,
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
