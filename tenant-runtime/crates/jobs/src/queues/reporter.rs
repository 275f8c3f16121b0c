//! Tells the control plane how the queues are, every few seconds, and does what the answer says.
//! While the control plane is away, what is paused stays paused, and the rest goes on.

use std::time::{Duration, Instant};

use broker::{Link, topology::CLASSES};
use cp_node_api::{ClassReport, NodeApi, QueueDepth, QueueReport, Redrive, Redriven};
use futures_util::future;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Backlog, Redriver, Taps, taps::Meter};

/// How often is reported.
const EVERY: Duration = Duration::from_secs(2);

/// A worker that reports.
pub struct Reporter {
    /// The control plane.
    pub api: NodeApi,
    /// Where to ask for the depths of queues.
    pub link: Link,
    /// What to open and close.
    pub taps: Taps,
    /// What waits in the tenants.
    pub backlog: Backlog,
    /// Sends dead messages again.
    pub redriver: Redriver,
}

impl Reporter {
    /// Reports until told to stop. Sending again goes on beside it: a database server that does not
    /// answer must not keep the control plane from hearing of this worker, nor from pausing it.
    pub async fn run(self, stop: CancellationToken) {
        let (order, mut ordered) = mpsc::unbounded_channel();
        let (tell, told) = mpsc::unbounded_channel();
        let redriving = async {
            // The reporter reads for as long as this runs.
            let tell = |outcome| drop(tell.send(outcome));
            while let Some(letters) = ordered.recv().await {
                self.redriver.redrive(letters, tell).await;
            }
        };
        let both = future::join(redriving, self.reporting(order, told));
        stop.run_until_cancelled(both).await;
    }

    async fn reporting(
        &self,
        order: mpsc::UnboundedSender<Vec<Redrive>>,
        mut told: mpsc::UnboundedReceiver<Option<Redriven>>,
    ) {
        let mut times = tokio::time::interval(EVERY);
        let mut meter = Meter::start(Instant::now());
        // Those that are still at it, and what is not reported yet of the others.
        let (mut under_way, mut redriven) = (0_usize, Vec::new());
        loop {
            tokio::select! {
                _ = times.tick() => {}
                Some(outcome) = told.recv() => {
                    under_way = under_way.saturating_sub(1);
                    redriven.extend(outcome);
                    if under_way == 0 && !redriven.is_empty() {
                        // There may be more.
                        times.reset_immediately();
                    }
                    continue;
                }
            }
            let report = QueueReport {
                redriven: redriven.clone(),
                redriving: under_way > 0,
                ..self.report(&mut meter).await
            };
            match self.api.report_queues(&report).await {
                Ok(orders) => {
                    self.taps.pause_only(&orders.paused);
                    redriven.clear();
                    under_way += orders.redrive.len();
                    drop(order.send(orders.redrive));
                }
                Err(error) => {
                    tracing::warn!(%error, "the queues could not be reported");
                }
            }
        }
    }

    async fn report(&self, meter: &mut Meter) -> QueueReport {
        let depths = self.link.depths().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the depths of queues are not known");
            Vec::new()
        });
        let rates = meter.read(&self.taps, Instant::now());
        let classes = CLASSES.iter().map(|spec| {
            let (class, name) = (spec.class, spec.name);
            let depth = depths.iter().find(|depth| depth.class == class);
            if let Some(depth) = depth {
                metrics::gauge!("queue_depth", "class" => name).set(depth.ready as f64);
                metrics::gauge!("queue_dead_depth", "class" => name).set(depth.dead as f64);
            }
            let rates = rates.get(&class).copied().unwrap_or_default();
            ClassReport {
                class: name.to_owned(),
                depth: depth.map(|depth| QueueDepth {
                    ready: depth.ready,
                    dead: depth.dead,
                    consumers: depth.consumers,
                }),
                paused: !self.taps.of(class).is_open(),
                done_rate: rates.done,
                retry_rate: rates.retried,
                dead_rate: rates.dead,
                oldest_at: self.backlog.oldest(name),
            }
        });
        QueueReport {
            classes: classes.collect(),
            ..self.backlog.report()
        }
    }
}
