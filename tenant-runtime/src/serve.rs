//! `tenant-runtime serve`: takes requests from the gateway, and relays what they leave in the
//! outboxes.

use std::time::Duration;

use actix_web::{App, middleware::from_fn};
use anyhow::Context as _;
use broker::Publisher;
use clock::Clock;
use cp_node_api::{NodeRole, PublicKey};
use identity::Verifier;
use tokio::{sync::mpsc, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use tr_app::webhooks::Webhooks;
use tr_http::Api;
use tr_jobs::Relay;
use tr_live::{Hub, HubSettings, keep_told};
use web::{
    Bound, Edge, JsonLimit, Listen,
    health::Health,
    tasks::{end_within, run_until},
};

use crate::{
    cache,
    fleet::{Fleet, Part},
    queues,
    settings::Settings,
    webhooks,
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
    let fleet = Fleet::new(&settings)?;
    let link = queues::link(&settings, "relay")?;
    let relay = Relay::new(
        fleet.pools.clone(),
        Publisher::new(link.clone()),
        clock.clone(),
        queues::relay(&settings),
    );
    let nudge = relay.nudge();
    let committed = move |tenant| nudge.nudge(tenant);
    // A push that finds the channel full is dropped; listeners look by themselves.
    let (pushes, pushed) = mpsc::channel(4096);
    let hub = Hub::new(fleet.pools.clone(), HubSettings::default(), Some(pushes));
    let cache = cache::open(&settings).await?;
    let api = Api::new(
        verifier.clone(),
        clock.clone(),
        fleet.pools.clone(),
        cache.clone(),
        hub.clone(),
        Webhooks::new(
            webhooks::sealer(&settings.webhooks).context("webhooks.keys")?,
            webhooks::fetcher(&settings.webhooks),
        ),
        committed,
    );
    let bound = listen(&settings, &api, &health, &clock)?;

    let working = api.clone();
    let part = Part {
        role: NodeRole::Serve,
        keys: Box::new(move |keys| replace(&verifier, keys)),
        in_flight: Box::new(move || working.in_flight()),
        health,
    };
    let warning = tokio::spawn(queues::warn(
        part.health.clone(),
        link.clone(),
        relay.clone(),
        cache,
    ));
    let membership = fleet.join(&settings, part);
    let stop_relay = CancellationToken::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(relay.run(stop_relay.clone()));
    // What is heard must not wait behind what is published.
    let live_link = queues::link(&settings, "live")?;
    tasks.spawn(keep_told(
        live_link.clone(),
        hub,
        pushed,
        stop_relay.clone(),
    ));

    let drain = Duration::from_secs(settings.serve.drain_seconds);
    let mut ran = Ok(());
    let ended = bound
        .run(async {
            ran = run_until(web::shutdown_signal(), [&mut tasks]).await;
            membership.drain().await;
            settle(&api, drain).await;
        })
        .await;
    stop_relay.cancel();
    let stopped = end_within(queues::LAST_PASSES, &mut tasks).await;
    warning.abort();
    membership.leave().await;
    tokio::join!(link.close(), live_link.close());
    // One that does not answer is left as it is.
    let _ = timeout(queues::LAST_PASSES, fleet.pools.close()).await;
    ended.context("the server failed")?;
    Ok(ran.and(stopped)?)
}

fn listen(settings: &Settings, api: &Api, health: &Health, clock: &Clock) -> anyhow::Result<Bound> {
    let allow = web::AllowTable::from_openapi(&tr_http::openapi());
    let body_limit = JsonLimit(settings.limits.body_bytes);
    let listen = Listen {
        address: settings.serve.address,
        workers: settings.serve.workers,
    };
    let (api, health, clock) = (api.clone(), health.clone(), clock.clone());
    Ok(web::bind(listen, move || {
        App::new()
            .app_data(api.clone())
            .app_data(health.clone())
            .app_data(allow.clone())
            .app_data(body_limit)
            .configure(tr_http::configure)
            .configure(web::health::configure)
            .configure(web::configure_app)
            .wrap(from_fn(tr_http::in_trace))
            .wrap(Edge::new(clock.clone()))
    })?)
}

fn replace(verifier: &Verifier, keys: Vec<PublicKey>) {
    if let Err(error) = verifier.replace_keys(keys) {
        tracing::error!(%error, "the control plane's keys cannot be used; keeping the old ones");
    }
}

/// Waits while the gateway sends what it had already chosen this node for, until nothing is in
/// flight any more or the time is over.
async fn settle(api: &Api, longest: Duration) {
    const LOOK: Duration = Duration::from_millis(100);
    /// The gateway learns of the draining with its next look at the nodes.
    const QUIET: Duration = Duration::from_secs(2);
    let deadline = tokio::time::Instant::now() + longest;
    let mut quiet_since = tokio::time::Instant::now();
    while tokio::time::Instant::now() < deadline && quiet_since.elapsed() < QUIET {
        tokio::time::sleep(LOOK).await;
        if api.in_flight() > 0 {
            quiet_since = tokio::time::Instant::now();
        }
    }
}
