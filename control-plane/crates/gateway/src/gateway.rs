//! What the gateway's threads share, and what keeps it up to date.

use std::{future::Future, sync::Arc, time::Duration};

use clock::Clock;
use cp_app::{
    access::Access,
    identity_keys::IdentityKeys,
    nodes::Nodes,
    push::{Push, Pushes},
    routes::RouteDirectory,
    sessions::SessionDirectory,
};
use tokio::sync::{Notify, broadcast::error::RecvError};
use web::health::Health;

use crate::{
    auth::{AccessTable, Identities},
    limit::Limit,
    nodes::NodeTable,
    proxy::Relay,
    rates::Rates,
    routes::RouteTable,
    settings::GatewaySettings,
    streams::Streams,
};

/// How often the list of nodes is read when nobody tells of a change.
const NODES_EVERY: Duration = Duration::from_secs(1);
/// How often the catalogue is asked for changes when nobody tells of one: with the time that this
/// takes, well within the second in which a tenant's access policy has to hold.
const ROUTES_EVERY: Duration = Duration::from_millis(500);
/// How often identity keys are read.
const KEYS_EVERY: Duration = Duration::from_secs(30);
/// How soon they are read again while none is known.
const KEYS_SOON: Duration = Duration::from_secs(1);

/// Where clients find the gateway.
#[derive(Debug, Clone)]
pub struct HostSettings {
    /// Tenants are the labels before this domain.
    pub base_domain: String,
    /// Whether clients use https.
    pub https: bool,
    /// Whether the session cookie goes without the prefix of https.
    pub insecure_cookies: bool,
}

/// What the gateway is made of.
#[derive(Debug, Clone)]
pub struct GatewayParts {
    /// The catalogue.
    pub routes: RouteDirectory,
    /// Who is signed in.
    pub sessions: SessionDirectory,
    /// From where one may come in.
    pub access: Access,
    /// What signs identities.
    pub keys: IdentityKeys,
    /// The nodes.
    pub nodes: Nodes,
    /// What other processes tell.
    pub pushes: Pushes,
    /// The clock.
    pub clock: Clock,
    /// Where it says whether it is ready.
    pub health: Health,
}

/// The gateway. Clones share everything.
#[derive(Debug, Clone)]
pub struct Gateway(pub(crate) Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) host: HostSettings,
    pub(crate) clock: Clock,
    pub(crate) routes: RouteTable,
    pub(crate) access: AccessTable,
    pub(crate) policies: Access,
    pub(crate) rates: Rates,
    pub(crate) identities: Identities,
    pub(crate) relay: Arc<Relay>,
    pub(crate) pushes: Pushes,
    keys: IdentityKeys,
    nodes: Nodes,
    health: Health,
    look_at_routes: Notify,
    look_at_nodes: Notify,
}

impl Gateway {
    /// A gateway that knows nothing yet: [`Self::run`] tells it.
    #[must_use]
    pub fn new(parts: GatewayParts, host: HostSettings, settings: GatewaySettings) -> Self {
        let rates = Rates::new(&settings.rates);
        let pass_over = Duration::from_millis(settings.eject_ms);
        let relay = Relay {
            nodes: NodeTable::new(
                settings.max_in_flight_per_node,
                settings.streams.per_node,
                pass_over,
            ),
            limit: Limit::new(settings.max_in_flight),
            streams: Streams::new(settings.streams),
            proto: if host.https { "https" } else { "http" },
            settings,
        };
        parts
            .health
            .set("catalogue", Err("not read yet".to_owned()));
        parts
            .health
            .set("identity_keys", Err("not read yet".to_owned()));
        Self(Arc::new(Shared {
            host,
            clock: parts.clock,
            routes: RouteTable::new(parts.routes),
            access: AccessTable::new(parts.sessions),
            policies: parts.access,
            rates,
            identities: Identities::new(parts.keys.clone()),
            relay: Arc::new(relay),
            pushes: parts.pushes,
            keys: parts.keys,
            nodes: parts.nodes,
            health: parts.health,
            look_at_routes: Notify::new(),
            look_at_nodes: Notify::new(),
        }))
    }

    /// How many identities were signed since the start.
    #[must_use]
    pub fn signatures(&self) -> u64 {
        self.0.identities.signatures()
    }

    /// How many nodes are known that take requests.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.0.relay.nodes.len()
    }

    /// Keeps the gateway up to date until `shutdown` is done.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) {
        let shared = &self.0;
        let keep = async {
            tokio::join!(
                shared.pushes.listen(),
                shared.policies.run(),
                shared.hear(),
                shared.keep_routes(),
                shared.keep_nodes(),
                shared.keep_keys(),
            );
        };
        tokio::select! {
            () = keep => {}
            () = shutdown => {}
        }
    }
}

impl Shared {
    async fn hear(&self) {
        let mut heard = self.pushes.subscribe();
        loop {
            match heard.recv().await {
                Ok(Push::Session(hash)) => self.access.forget(&hash).await,
                Ok(Push::Routes) => self.look_at_routes.notify_one(),
                Ok(Push::Nodes) => self.look_at_nodes.notify_one(),
                Ok(Push::Policies) => self.policies.look(),
                Ok(Push::Lost) | Err(RecvError::Lagged(_)) => {
                    self.access.forget_all();
                    self.look_at_routes.notify_one();
                    self.look_at_nodes.notify_one();
                    self.policies.look();
                }
                Ok(Push::Operation(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn keep_routes(&self) {
        loop {
            match self.routes.resync().await {
                Ok(changed) => {
                    self.health.set("catalogue", Ok(()));
                    if changed {
                        self.policies.changed();
                    }
                }
                // What is known is served, so a gateway that has started stays ready.
                Err(error) if self.routes.has_started() => tracing::debug!(%error, "resync failed"),
                Err(error) => self.health.set("catalogue", Err(error.to_string())),
            }
            let _ = tokio::time::timeout(ROUTES_EVERY, self.look_at_routes.notified()).await;
        }
    }

    async fn keep_nodes(&self) {
        loop {
            match self.nodes.list_addressed().await {
                Ok(nodes) => self.relay.nodes.replace(&nodes, self.clock.now()),
                Err(error) => tracing::debug!(%error, "the nodes could not be read"),
            }
            let _ = tokio::time::timeout(NODES_EVERY, self.look_at_nodes.notified()).await;
        }
    }

    async fn keep_keys(&self) {
        loop {
            let refreshed = self.keys.refresh().await;
            let known = self.keys.signer(self.clock.now()).is_some();
            match refreshed {
                Ok(()) => self.health.set("identity_keys", Ok(())),
                Err(error) if known => tracing::warn!(%error, "identity keys were not read"),
                Err(error) => self.health.set("identity_keys", Err(error.to_string())),
            }
            tokio::time::sleep(if known { KEYS_EVERY } else { KEYS_SOON }).await;
        }
    }
}
