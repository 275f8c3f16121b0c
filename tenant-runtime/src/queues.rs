//! How the subcommands reach the broker, and say how they fare with it.

use std::time::Duration;

use anyhow::Context as _;
use broker::{Link, LinkOptions, Topology};
use chrono::TimeDelta;
use clock::Clock;
use tr_cache::Cache;
use tr_jobs::{Relay, RelaySettings, Retention, SweepSettings, TIMERS, TickSettings};
use web::health::Health;

use crate::settings::Settings;

/// How often health is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long stopping waits for the relay's last passes, and then for the databases: what was
/// published and could not be noted is published again, and takes effect once.
pub const LAST_PASSES: Duration = Duration::from_secs(3);
/// How often the leader of the timers asks whether anything is to be run.
const TIMERS_LOOK: Duration = Duration::from_secs(2);
/// How long the document server may take to delete what is past its time.
const CACHE_SWEEP: Duration = Duration::from_secs(30);

/// A connection that is kept up; `name` is what the broker and the metrics call it.
///
/// # Errors
/// When the broker's address cannot be used.
pub fn link(settings: &Settings, name: &'static str) -> anyhow::Result<Link> {
    Link::start(LinkOptions {
        url: settings.broker.url.expose().to_owned(),
        name,
        heartbeat: Duration::from_secs(settings.broker.heartbeat_seconds),
        topology: Topology::new(""),
    })
    .context("broker.url")
}

/// How the relay works.
#[must_use]
pub fn relay(settings: &Settings) -> RelaySettings {
    RelaySettings {
        workers: settings.relay.workers,
        outstanding: settings.relay.outstanding_per_tenant,
        patience: Duration::from_secs(settings.relay.warn_after_seconds),
        ..RelaySettings::default()
    }
}

/// How often is swept.
#[must_use]
pub const fn sweeps(settings: &Settings) -> SweepSettings {
    SweepSettings {
        active: Duration::from_secs(settings.relay.sweep_active_seconds),
        all: Duration::from_secs(settings.relay.sweep_all_seconds),
    }
}

/// How long things are kept.
#[must_use]
pub fn retention(settings: &Settings) -> Retention {
    Retention {
        done_events: TimeDelta::days(settings.retention.done_events_days.into()),
        idempotency_keys: TimeDelta::hours(settings.retention.idempotency_keys_hours.into()),
        webhook_deliveries: TimeDelta::days(settings.retention.webhook_deliveries_days.into()),
        notifications: TimeDelta::days(settings.retention.notifications_days.into()),
    }
}

/// The timers of this node's ring.
#[must_use]
pub fn timers(settings: &Settings) -> TickSettings {
    TickSettings {
        ring: settings.node.ring.clone(),
        timers: TIMERS.to_vec(),
        look_every: TIMERS_LOOK,
        sweep_within: CACHE_SWEEP,
    }
}

/// Keeps saying how the broker, the outboxes and the cache are. Requests succeed without them, so that
/// a process that serves them stays ready and only warns.
pub async fn warn(health: Health, link: Link, relay: Relay, cache: Cache) {
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        health.warn("cache", cache.check(Clock::system().now()));
        health.warn("broker", link.check());
        health.warn("outbox", relay.check());
    }
}

/// Keeps saying how the broker is, to a process that is nothing without it, and how the outboxes
/// are where that is its business.
pub async fn need(health: Health, links: Vec<Link>, relay: Option<Relay>) {
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        health.set("broker", links.iter().try_for_each(Link::check));
        if let Some(relay) = &relay {
            health.warn("outbox", relay.check());
        }
    }
}
