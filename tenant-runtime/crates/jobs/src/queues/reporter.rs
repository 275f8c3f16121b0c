//! Tells the control plane how the queues are, every few seconds, and does what the answer says.
//! While the control plane is away, what is paused stays paused, and the rest goes on.

use std::time::{Duration, Instant};

use broker::{Link, topology::CLASSES};
use cp_node_api::{ClassReport, NodeApi, QueueDepth, QueueReport, Redriven};
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
    /// Reports until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut times = tokio::time::interval(EVERY);
        let mut meter = Meter::start(Instant::now());
        let mut redriven = Vec::new();
        let reporting = async {
            loop {
                times.tick().await;
                let report = self.report(&mut meter, redriven.clone()).await;
                match self.api.report_queues(&report).await {
                    Ok(orders) => {
                        self.taps.pause_only(&orders.paused);
                        redriven = self.redriver.redrive(orders.redrive).await;
                        if !redriven.is_empty() {
                            // There may be more.
                            times.reset_immediately();
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the queues could not be reported");
                    }
                }
            }
        };
        stop.run_until_cancelled(reporting).await;
    }

    async fn report(&self, meter: &mut Meter, redriven: Vec<Redriven>) -> QueueReport {
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
            tenants: self.backlog.now(),
            redriven,
        }
    }
}
