//! What a process does beside answering requests.

use std::time::Duration;

use cp_app::{audit, mail, projections, queues::DeadLetterUpkeep};
use cp_gateway::Gateway;
use mailer::Mailer;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use web::tasks::{TaskError, end_of_all, run_until};

use crate::parts::Parts;

/// How long what is under way may take to end.
const GRACE: Duration = Duration::from_secs(20);

/// Tasks that end with the process.
pub(super) struct Background {
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Background {
    pub(super) fn new(stop: CancellationToken) -> Self {
        Self {
            tasks: JoinSet::new(),
            stop,
        }
    }

    pub(super) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Operations, sweep accounts, mail, the audit log, projections of members, dead letters.
    pub(super) fn work(&mut self, parts: &Parts) -> anyhow::Result<()> {
        let (operations, stop) = (parts.worker(), self.stop.clone());
        self.spawn(async move { operations.run(stop).await });
        let (sweeps, stop) = (parts.worker(), self.stop.clone());
        self.spawn(async move { sweeps.keep_sweep_grants(stop).await });
        let mailer = Mailer::new(&parts.settings.mailer)?;
        let (mail, stop) = (
            mail::Worker::new(parts.auth.clone(), mailer),
            self.stop.clone(),
        );
        self.spawn(async move { mail.run(stop).await });
        let (central, clock) = (parts.central.clone(), parts.auth.clock.clone());
        let anchors = parts.settings.audit.anchor_file();
        let (keeper, stop) = (
            audit::Keeper::new(central, clock, anchors),
            self.stop.clone(),
        );
        self.spawn(async move { keeper.run(stop).await });
        let projections = projections::Worker::new(parts.auth.clone());
        let stop = self.stop.clone();
        self.spawn(async move { projections.run(stop).await });
        let (central, clock) = (parts.central.clone(), parts.auth.clock.clone());
        let (upkeep, stop) = (DeadLetterUpkeep::new(central, clock), self.stop.clone());
        self.spawn(async move { upkeep.run(stop).await });
        Ok(())
    }

    /// The session cache.
    pub(super) fn sessions(&mut self, parts: &Parts) {
        let (directory, stop) = (parts.auth.directory.clone(), self.stop.clone());
        self.spawn(async move { directory.run(stop).await });
    }

    /// What the gateway knows. It listens to other processes, too.
    pub(super) fn gateway(&mut self, gateway: Gateway) {
        let stop = self.stop.clone();
        self.spawn(async move { gateway.run(stop.cancelled_owned()).await });
    }

    /// What other processes say, in a process without a gateway.
    pub(super) fn pushes(&mut self, parts: &Parts) {
        let (pushes, stop) = (parts.pushes.clone(), self.stop.clone());
        self.spawn(async move {
            let _ = stop.run_until_cancelled(pushes.listen()).await;
        });
    }

    /// Waits until the process is asked to stop, or one of the tasks ends.
    pub(super) async fn run_until(
        &mut self,
        asked: impl Future<Output = ()>,
    ) -> Result<(), TaskError> {
        run_until(asked, [&mut self.tasks]).await
    }

    /// Waits for the tasks to end, but not for ever: what is cut off, another process takes over.
    pub(super) async fn end(mut self) -> Result<(), TaskError> {
        let ended = tokio::time::timeout(GRACE, end_of_all(&mut self.tasks));
        ended.await.unwrap_or_else(|_| {
            tracing::warn!("what was under way is left to another process");
            Ok(())
        })
    }
}
