//! Keeps a lease while its operation is carried out, and knows when it is lost.

use std::time::Duration;

use cp_store::{Lease, OperationStore};
use db::CentralDb;
use tokio::{sync::watch, task::JoinHandle, time::Instant};

/// Beats for a lease in a task of its own, which ends with the value.
pub(super) struct Keeper {
    task: JoinHandle<()>,
    /// Until when the lease surely holds, by this machine's own monotonic clock.
    holds: watch::Receiver<Option<Instant>>,
}

impl Keeper {
    /// Keeps a lease that was asked for at `asked`: it holds at least from then on.
    pub(super) fn start(
        central: CentralDb,
        lease: Lease,
        length: Duration,
        asked: Instant,
    ) -> Self {
        let (sender, holds) = watch::channel(Some(asked + length));
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(length / 3).await;
                let asked = Instant::now();
                match OperationStore::beat(central.conn(), lease, length).await {
                    Ok(true) => sender.send_replace(Some(asked + length)),
                    Ok(false) => {
                        sender.send_replace(None);
                        return;
                    }
                    // It may still hold; nobody can take it while the database is away.
                    Err(error) => {
                        tracing::warn!(%error, "a lease could not be kept");
                        None
                    }
                };
            }
        });
        Self { task, holds }
    }

    /// Whether the lease surely holds now. Asked before each effect outside the database.
    pub(super) fn holds(&self) -> bool {
        self.holds
            .borrow()
            .is_some_and(|until| Instant::now() < until)
    }

    /// Waits until the lease is lost.
    pub(super) async fn lost(&self) {
        let mut holds = self.holds.clone();
        loop {
            let Some(until) = *holds.borrow_and_update() else {
                return;
            };
            tokio::select! {
                () = tokio::time::sleep_until(until) => {
                    if !self.holds() {
                        return;
                    }
                }
                changed = holds.changed() => if changed.is_err() { return },
            }
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}
