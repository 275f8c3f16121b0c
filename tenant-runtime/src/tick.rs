//! `tenant-runtime tick`: the timers. One process leads; others stand by.

use anyhow::Context as _;
use clock::Clock;
use cp_node_api::NodeRole;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tr_jobs::{Timers, tick as run_timers};
use web::tasks::{end_of_all, run_until};

use crate::{cache, fleet::Fleet, queues, settings::Settings, side};

/// Keeps the timers until asked to stop.
///
/// # Errors
/// When it cannot listen, or its settings cannot be used.
pub async fn tick(settings: Settings) -> anyhow::Result<()> {
    let health = side::observed("tenant-runtime tick", &settings);
    let fleet = Fleet::new(&settings)?;
    let bound = side::listen(settings.tick.address, &health)?;
    let link = queues::link(&settings, "tick")?;
    let membership = fleet.join(&settings, side::part(NodeRole::Tick, &health));

    let stop = CancellationToken::new();
    let reporting = tokio::spawn(queues::need(health, vec![link.clone()], None));
    let timers = Timers {
        link: link.clone(),
        tenants: fleet.api.clone(),
        api: fleet.api.clone(),
        cache: cache::documents(&settings).await?,
        clock: Clock::system(),
        settings: queues::timers(&settings),
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(run_timers(timers, stop.clone()));
    let mut ran = Ok(());
    let ended = bound
        .run(async {
            ran = run_until(web::shutdown_signal(), [&mut tasks]).await;
            membership.drain().await;
        })
        .await;
    stop.cancel();
    let stopped = end_of_all(&mut tasks).await;
    reporting.abort();
    membership.leave().await;
    link.close().await;
    fleet.pools.close().await;
    ended.context("the listener failed")?;
    Ok(ran.and(stopped)?)
}
