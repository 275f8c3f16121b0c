//! `tenant-runtime work`: finds what waits in the outboxes, and handles what comes from the broker.

use std::sync::Arc;

use anyhow::Context as _;
use broker::{Class, ConsumerOptions, Handler, Link, Publisher, QUIET, consume, retire};
use clock::Clock;
use cp_node_api::NodeRole;
use mailer::{Mailer, SmtpSettings};
use tokio::{sync::mpsc, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use tr_jobs::{
    ActiveTenants, ActivityLog, FleetFacts, HousekeepingHandler, MailSender, Notifier, Relay, Taps,
    Told, WebhookSender, Workplace, sweep,
};
use tr_live::{Hub, HubSettings, keep_told};
use url::Url;
use web::tasks::{end_of_all, end_within, run_until};

use crate::{fleet::Fleet, oversight, queues, settings::Settings, side, webhooks};

/// Works until asked to stop; then handles what was delivered, and leaves the rest to others.
///
/// # Errors
/// When it cannot listen, its settings cannot be used, or one of its tasks failed.
pub async fn work(settings: Settings) -> anyhow::Result<()> {
    let health = side::observed("tenant-runtime work", &settings);
    let fleet = Fleet::new(&settings)?;
    let bound = side::listen(settings.work.address, &health)?;
    // A connection that publishes may be blocked; one that consumes must not be.
    let (outward, inward) = (
        queues::link(&settings, "relay")?,
        queues::link(&settings, "consumers")?,
    );
    let publisher = Publisher::new(outward.clone());
    let taps = Taps::closed();
    let relay = Relay::new(
        fleet.pools.clone(),
        publisher.clone(),
        Clock::system(),
        queues::relay(&settings),
    )
    .mending(taps.clone());
    let active = ActiveTenants::default();
    let membership = fleet.join(&settings, side::part(NodeRole::Work, &health));

    let (stop, stop_relay) = (CancellationToken::new(), CancellationToken::new());
    let links = vec![outward.clone(), inward.clone()];
    let reporting = tokio::spawn(queues::need(health, links, Some(relay.clone())));
    let consumers = Consumers {
        link: inward.clone(),
        publisher: publisher.clone(),
        taps,
        stop: stop.clone(),
    };
    let mut tasks = JoinSet::new();
    let links = (&inward, &publisher);
    tasks.spawn(retire(inward.clone(), QUIET, stop.clone()));
    oversight::spawn(&mut tasks, &fleet, &relay, links, &consumers.taps, &stop);
    let place = Workplace {
        pools: fleet.pools.clone(),
        clock: Clock::system(),
        active: active.clone(),
        nudge: relay.nudge(),
    };
    consumers.spawn(&mut tasks, Class::Activity, place.handler(ActivityLog));
    let outside = Workplace {
        pools: fleet.pools_outside.clone(),
        ..place.clone()
    };
    let sender = sender(&settings)?;
    consumers.spawn(&mut tasks, Class::Webhook, outside.handler(sender));
    let (live_link, hub) = listeners(&settings, &fleet, &mut tasks, &stop)?;
    let facts = facts(&settings, &fleet)?;
    let notifier = place.handler(Notifier::new(Arc::clone(&facts)));
    let told = Told::new(notifier, move |tenant| hub.committed(tenant));
    consumers.spawn(&mut tasks, Class::Notification, told);
    let mails = mail_sender(&settings, facts)?;
    consumers.spawn(&mut tasks, Class::Mail, outside.handler(mails));
    consumers.spawn(
        &mut tasks,
        Class::Housekeeping,
        housekeeping(&fleet, &settings),
    );
    let sweeps = queues::sweeps(&settings);
    tasks.spawn(sweep(
        fleet.api.clone(),
        active,
        relay.nudge(),
        sweeps,
        Clock::system(),
        stop.clone(),
    ));
    let mut relaying = JoinSet::new();
    relaying.spawn(relay.run(stop_relay.clone()));

    let mut worked = Ok(());
    let ended = bound
        .run(async {
            let asked = web::shutdown_signal();
            let ran = run_until(asked, [&mut tasks, &mut relaying]).await;
            membership.drain().await;
            stop.cancel();
            let ended = end_of_all(&mut tasks).await;
            worked = ran.and(ended);
        })
        .await;
    stop_relay.cancel();
    let relayed = end_within(queues::LAST_PASSES, &mut relaying).await;
    reporting.abort();
    membership.leave().await;
    tokio::join!(inward.close(), outward.close(), live_link.close());
    // One that does not answer is left as it is.
    let closing = async { tokio::join!(fleet.pools.close(), fleet.pools_outside.close()) };
    let _ = timeout(queues::LAST_PASSES, closing).await;
    ended.context("the listener failed")?;
    Ok(worked.and(relayed)?)
}

fn sender(settings: &Settings) -> anyhow::Result<WebhookSender> {
    let sealer = webhooks::sealer(&settings.webhooks).context("webhooks.keys")?;
    let fetcher = webhooks::fetcher(&settings.webhooks);
    Ok(WebhookSender::new(sealer, fetcher, Clock::system()))
}

/// What the consumers that tell people know of tenants.
fn facts(settings: &Settings, fleet: &Fleet) -> anyhow::Result<Arc<FleetFacts>> {
    let public = Url::parse(&settings.mail.public_url).context("mail.public_url")?;
    Ok(Arc::new(FleetFacts::new(fleet.api.clone(), public)))
}

fn mail_sender(
    settings: &Settings,
    facts: Arc<FleetFacts>,
) -> anyhow::Result<MailSender<FleetFacts>> {
    let mail = &settings.mail;
    let mailer = Mailer::new(&SmtpSettings {
        url: mail.url.clone(),
        from: mail.from.clone(),
    });
    let mailer = mailer.context("mail")?;
    Ok(MailSender::new(facts, mailer, Clock::system()))
}

/// A way to those who listen on other nodes: what is told here, they hear there.
fn listeners(
    settings: &Settings,
    fleet: &Fleet,
    tasks: &mut JoinSet<()>,
    stop: &CancellationToken,
) -> anyhow::Result<(Link, Hub)> {
    let (pushes, pushed) = mpsc::channel(4096);
    let hub = Hub::new(fleet.pools.clone(), HubSettings::default(), Some(pushes));
    let link = queues::link(settings, "live")?;
    tasks.spawn(keep_told(link.clone(), hub.clone(), pushed, stop.clone()));
    Ok((link, hub))
}

fn housekeeping(fleet: &Fleet, settings: &Settings) -> HousekeepingHandler {
    let kept = queues::retention(settings);
    HousekeepingHandler::new(
        fleet.pools.clone(),
        fleet.api.clone(),
        Clock::system(),
        kept,
    )
}

/// Starts consumers, as many for each queue as its class has.
struct Consumers {
    link: Link,
    publisher: Publisher,
    taps: Taps,
    stop: CancellationToken,
}

impl Consumers {
    fn spawn<H: Handler>(&self, tasks: &mut JoinSet<()>, class: Class, handler: H) {
        let handler = Arc::new(handler);
        let spec = class.spec();
        for shard in (0..spec.shards).flat_map(|shard| (0..spec.consumers).map(move |_| shard)) {
            let options = ConsumerOptions {
                tap: self.taps.of(class),
                ..ConsumerOptions::new(class, shard)
            };
            tasks.spawn(consume(
                self.link.clone(),
                self.publisher.clone(),
                options,
                Arc::clone(&handler),
                self.stop.clone(),
            ));
        }
    }
}
