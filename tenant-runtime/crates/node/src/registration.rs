//! A node says that it is there, again and again, and learns which keys sign identities.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use cp_node_api::{NodeApi, NodeApiError, NodeBeat, NodeRegistered, NodeRegistration, PublicKey};
use kernel::NodeId;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use web::health::Health;

use crate::backoff::Backoff;

/// The name of the check in `/readyz`.
const CHECK: &str = "control_plane";

/// How a node shows itself and what it does with the news.
pub struct NodeProfile {
    /// What is sent at registration.
    pub registration: NodeRegistration,
    /// Takes the keys that sign identities.
    pub keys: Box<dyn Fn(Vec<PublicKey>) + Send + Sync>,
    /// How many requests are being worked on.
    pub in_flight: Box<dyn Fn() -> u32 + Send + Sync>,
    /// Where it is said that the node is not registered yet.
    pub health: Health,
}

impl std::fmt::Debug for NodeProfile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeProfile")
            .field("registration", &self.registration)
            .finish_non_exhaustive()
    }
}

/// A node's place in the fleet.
#[derive(Debug)]
pub struct Registration {
    api: NodeApi,
    profile: Arc<NodeProfile>,
    node: watch::Sender<Option<NodeId>>,
    /// It takes nothing new, for good.
    draining: AtomicBool,
}

impl Registration {
    /// A node that has not yet said anything. It is not ready until it has registered.
    #[must_use]
    pub fn new(api: NodeApi, profile: NodeProfile) -> Self {
        profile.health.set(
            CHECK,
            Err("not registered with the control plane yet".to_owned()),
        );
        Self {
            api,
            profile: Arc::new(profile),
            node: watch::Sender::new(None),
            draining: AtomicBool::new(false),
        }
    }

    /// Registers, waiting for a control plane that is not there yet. `None` when stopped before.
    pub async fn register(&self, stop: &CancellationToken) -> Option<NodeRegistered> {
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
        loop {
            let answer = tokio::select! {
                () = stop.cancelled() => return None,
                answer = self.api.register(&self.profile.registration) => answer,
            };
            match answer {
                Ok(registered) => {
                    (self.profile.keys)(registered.identity_keys.clone());
                    self.node.send_replace(Some(registered.node_id));
                    if !self.draining.load(Ordering::SeqCst) {
                        self.profile.health.set(CHECK, Ok(()));
                    }
                    tracing::info!(node = %registered.node_id, "registered with the control plane");
                    // Only now, with the keys, does it take requests; if this is not heard, the
                    // next beat says so.
                    if let Err(error) = self.beat().await {
                        tracing::warn!(%error, "the first beat was not heard");
                    }
                    return Some(registered);
                }
                Err(error) => self.not_registered(&error),
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                () = tokio::time::sleep(backoff.delay()) => {}
            }
        }
    }

    /// A node that was registered before goes on with what it has; a new one says why it waits.
    fn not_registered(&self, error: &NodeApiError) {
        if self.node.borrow().is_none() {
            self.profile.health.set(CHECK, Err(error.to_string()));
        } else {
            tracing::warn!(%error, "could not register again");
        }
    }

    /// Beats until stopped; registers again when the control plane has forgotten the node.
    pub async fn keep_beating(&self, registered: NodeRegistered, stop: &CancellationToken) {
        let mut pause = Duration::from_secs(registered.beat_seconds.max(1).into());
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            match self.beat().await {
                Ok(()) => {}
                Err(NodeApiError::NotFound | NodeApiError::Unauthenticated) => {
                    tracing::warn!("the control plane has forgotten this node");
                    match self.register(stop).await {
                        Some(again) => {
                            pause = Duration::from_secs(again.beat_seconds.max(1).into())
                        }
                        None => return,
                    }
                }
                Err(error) => tracing::warn!(%error, "a beat was not heard"),
            }
        }
    }

    /// One beat.
    ///
    /// # Errors
    /// When the control plane did not take it.
    pub async fn beat(&self) -> Result<(), NodeApiError> {
        let Some(node) = *self.node.borrow() else {
            return Ok(());
        };
        let beat = NodeBeat {
            draining: self.draining.load(Ordering::SeqCst),
            in_flight: (self.profile.in_flight)(),
        };
        let answer = self.api.beat(node, &beat).await?;
        (self.profile.keys)(answer.identity_keys);
        Ok(())
    }

    /// Says that the node takes nothing new, now and with every beat from now on.
    pub async fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        self.profile.health.set(CHECK, Err("draining".to_owned()));
        if let Err(error) = self.beat().await {
            tracing::warn!(%error, "the control plane could not be told that the node drains");
        }
    }

    /// Says that the node is gone.
    pub async fn leave(&self) {
        let Some(node) = *self.node.borrow() else {
            return;
        };
        match self.api.leave(node).await {
            Ok(()) => tracing::info!(%node, "left"),
            Err(error) => tracing::warn!(%error, "the control plane could not be told goodbye"),
        }
    }
}
