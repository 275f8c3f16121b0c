//! Logs and metrics of a program: JSON lines on standard output, Prometheus text on request.
//!
//! Metrics are written with the macros of the crate `metrics`, never labelled by tenant: a label
//! per tenant would make the series as many as the customers.

mod logs;

pub use logs::{LogFormat, LogSettings};

use std::{thread, time::Duration};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Bounds of every histogram of seconds.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// How often samples are folded into their buckets, so that memory stays flat unscraped.
const UPKEEP: Duration = Duration::from_secs(5);

/// The program's telemetry. Clones share it.
#[derive(Debug, Clone)]
pub struct Telemetry {
    metrics: PrometheusHandle,
}

impl Telemetry {
    /// All metrics in the Prometheus text format.
    #[must_use]
    pub fn metrics_text(&self) -> String {
        self.metrics.render()
    }
}

/// Starts logs and metrics. A second call in one process leaves the first in force.
#[must_use]
pub fn init(program: &'static str, settings: &LogSettings) -> Telemetry {
    logs::init(settings);
    let builder = PrometheusBuilder::new().add_global_label("program", program);
    let builder = builder
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .unwrap_or_else(|_| PrometheusBuilder::new());
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_ok() {
        let upkeep = handle.clone();
        let started = thread::Builder::new()
            .name("metrics".to_owned())
            .spawn(move || {
                loop {
                    thread::sleep(UPKEEP);
                    upkeep.run_upkeep();
                }
            });
        if let Err(error) = started {
            tracing::warn!(%error, "metrics are folded when scraped only");
        }
    }
    Telemetry { metrics: handle }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_come_out_as_text_without_tenants() {
        let telemetry = init(
            "trial",
            &LogSettings {
                level: "no such=!".into(),
                ..Default::default()
            },
        );
        metrics::counter!("trial_total").increment(2);
        metrics::histogram!("trial_seconds").record(0.003);
        let text = telemetry.metrics_text();
        assert!(text.contains("trial_total{program=\"trial\"} 2"), "{text}");
        assert!(
            text.contains("trial_seconds_bucket{program=\"trial\",le=\"0.005\"} 1"),
            "{text}"
        );
        assert!(!text.contains("tenant"));
        // A second start in the same process does no harm.
        let _ = init("again", &LogSettings::default());
    }
}
