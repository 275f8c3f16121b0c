//! `tenant-runtime serve`: takes requests from the gateway.

use std::time::Duration;

use actix_web::App;
use anyhow::Context as _;
use clock::Clock;
use cp_node_api::NodeRole;
use identity::Verifier;
use tr_http::Callers;
use web::{Edge, JsonLimit, Listen, health::Health};

use crate::{
    fleet::{Fleet, Part},
    settings::Settings,
};

/// Serves until asked to stop; then drains.
///
/// # Errors
/// When it cannot listen, or its settings cannot be used.
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    let telemetry = telemetry::init("tenant-runtime serve", &settings.log);
    let health = Health::new().with_metrics(move || telemetry.metrics_text());
    let clock = Clock::system();
    let verifier = Verifier::new(Vec::new()).context("identity keys")?;
    let callers = Callers::new(verifier.clone(), clock.clone());

    let allow = web::AllowTable::from_openapi(&tr_http::openapi());
    let body_limit = JsonLimit(settings.limits.body_bytes);
    let listen = Listen {
        address: settings.serve.address,
        workers: settings.serve.workers,
    };
    let app_health = health.clone();
    let app_callers = callers.clone();
    let bound = web::bind(listen, move || {
        App::new()
            .app_data(app_callers.clone())
            .app_data(app_health.clone())
            .app_data(allow.clone())
            .app_data(body_limit)
            .configure(tr_http::configure)
            .configure(web::health::configure)
            .configure(web::configure_app)
            .wrap(Edge::new(clock.clone()))
    })?;

    let in_flight = callers.clone();
    let fleet = Fleet::join(
        &settings,
        Part {
            role: NodeRole::Serve,
            keys: Box::new(move |keys| {
                if let Err(error) = verifier.replace_keys(keys) {
                    tracing::error!(%error, "the control plane's keys cannot be used; keeping the old ones");
                }
            }),
            in_flight: Box::new(move || in_flight.in_flight()),
            health,
        },
    )?;

    let drain = Duration::from_secs(settings.serve.drain_seconds);
    let ended = bound
        .run(async {
            web::shutdown_signal().await;
            fleet.drain().await;
            settle(&callers, drain).await;
        })
        .await;
    fleet.leave().await;
    ended.context("the server failed")
}

/// Waits while the gateway sends what it had already chosen this node for, until nothing is in
/// flight any more or the time is over.
async fn settle(callers: &Callers, longest: Duration) {
    const LOOK: Duration = Duration::from_millis(100);
    /// The gateway learns of the draining with its next look at the nodes.
    const QUIET: Duration = Duration::from_secs(2);
    let deadline = tokio::time::Instant::now() + longest;
    let mut quiet_since = tokio::time::Instant::now();
    while tokio::time::Instant::now() < deadline && quiet_since.elapsed() < QUIET {
        tokio::time::sleep(LOOK).await;
        if callers.in_flight() > 0 {
            quiet_since = tokio::time::Instant::now();
        }
    }
}
