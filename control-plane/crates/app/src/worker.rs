//! Carries operations out. Any number of workers may run, in one process or in many: each takes
//! operations under a lease, and what a dead one had is taken over when its lease has run out.

mod execute;
mod fault;
mod keeper;
mod server;
mod steps;
mod sweep;

use std::{collections::HashSet, sync::Arc, time::Duration};

use cp_store::{OperationStore, StoreError};
use kernel::OperationId;
use serde::Deserialize;
use tokio::{
    sync::{Semaphore, broadcast::error::RecvError},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{Auth, fleet::Fleet, push::Push};

pub use execute::Outcome;
pub use fault::{Fault, FaultManner, Moment};

/// How a worker works.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerSettings {
    /// How long an operation stays with a worker that says nothing.
    pub lease_ms: u64,
    /// How often the worker looks for operations when nobody wakes it.
    pub poll_ms: u64,
    /// How many operations it carries out at once.
    pub concurrency: u32,
    /// How often a step is tried before its operation fails.
    pub step_attempts: u16,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            lease_ms: 10_000,
            poll_ms: 1_000,
            concurrency: 4,
            step_attempts: 5,
        }
    }
}

/// What tenants' database accounts may do at once.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountLimits {
    /// Connections of a runtime account.
    pub connections: u32,
    /// Seconds that a statement of a runtime account may take.
    pub statement_seconds: u32,
}

impl Default for AccountLimits {
    fn default() -> Self {
        Self {
            connections: 64,
            statement_seconds: 30,
        }
    }
}

/// A worker. Clones share everything.
#[derive(Debug, Clone)]
pub struct Worker {
    fleet: Fleet,
    auth: Auth,
    settings: WorkerSettings,
    limits: AccountLimits,
    fault: Option<Fault>,
    /// Names this worker in leases.
    owner: Arc<str>,
}

impl Worker {
    /// A worker. The fault is for tests.
    #[must_use]
    pub fn new(
        fleet: Fleet,
        auth: Auth,
        settings: WorkerSettings,
        limits: AccountLimits,
        fault: Option<Fault>,
    ) -> Self {
        let owner = format!("{}-{}", std::process::id(), fleet.clock.new_uuid().simple()).into();
        Self {
            fleet,
            auth,
            settings,
            limits,
            fault,
            owner,
        }
    }

    /// Works until it is told to stop, then finishes what it has begun.
    pub async fn run(&self, stop: CancellationToken) {
        let permits = Arc::new(Semaphore::new(self.settings.concurrency.max(1) as usize));
        let mut pushes = self.fleet.pushes.subscribe();
        let mut busy = HashSet::new();
        let mut tasks = JoinSet::new();
        while !stop.is_cancelled() {
            if let Err(error) = self.start_waiting(&permits, &mut busy, &mut tasks).await {
                tracing::warn!(%error, "operations cannot be looked for");
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.fleet.nudge.notified() => {}
                () = an_operation(&mut pushes) => {}
                Some(done) = tasks.join_next() => {
                    // A permit is free again: look at once for what waits.
                    match done {
                        Ok(id) => { busy.remove(&id); }
                        Err(error) => {
                            busy.clear();
                            tracing::error!(%error, "an operation's task broke");
                        }
                    }
                }
                () = tokio::time::sleep(Duration::from_millis(self.settings.poll_ms)) => {}
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    async fn start_waiting(
        &self,
        permits: &Arc<Semaphore>,
        busy: &mut HashSet<OperationId>,
        tasks: &mut JoinSet<OperationId>,
    ) -> Result<(), StoreError> {
        if permits.available_permits() == 0 {
            return Ok(());
        }
        let conn = self.fleet.central.conn();
        for id in OperationStore::waiting(conn, self.settings.concurrency.max(1) * 2).await? {
            if busy.contains(&id) {
                continue;
            }
            let Ok(permit) = Arc::clone(permits).try_acquire_owned() else {
                break;
            };
            busy.insert(id);
            let worker = self.clone();
            tasks.spawn(async move {
                let _permit = permit;
                worker.carry_out(id).await;
                id
            });
        }
        Ok(())
    }

    /// Carries out one operation as far as it goes, unless another worker has it.
    pub async fn carry_out(&self, id: OperationId) -> Outcome {
        let outcome = execute::execute(self, id).await;
        match &outcome {
            Outcome::Ended(state) => tracing::info!(operation = %id, %state, "operation"),
            Outcome::Taken => {}
            Outcome::Again => tracing::info!(operation = %id, "operation is tried again later"),
            Outcome::Lost => tracing::warn!(operation = %id, "another worker has the operation"),
            Outcome::Left => tracing::warn!(operation = %id, "operation was left by a fault"),
            Outcome::Broken(error) => {
                let error = execute::story(error);
                tracing::warn!(operation = %id, error, "operation is left to its lease");
            }
        }
        outcome
    }

    fn lease(&self) -> Duration {
        Duration::from_millis(self.settings.lease_ms)
    }
}

/// Waits until somebody says that an operation waits or has changed.
async fn an_operation(pushes: &mut tokio::sync::broadcast::Receiver<Push>) {
    loop {
        match pushes.recv().await {
            Ok(Push::Operation(_) | Push::Lost) | Err(RecvError::Lagged(_)) => return,
            Ok(_) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
