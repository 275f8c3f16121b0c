//! The relay: fairness, and a broker that is away.

#[expect(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::{sync::Arc, time::Duration};

use broker::{Class, Publisher};
use db::{Placement, PlacementError, Placements, PoolBudget, TenantPools};
use kernel::TenantId;
use sea_orm::{DatabaseTransaction, TransactionTrait as _};
use support::{LIMIT, World};
use testkit::{Proxy, eventually, within};
use tokio_util::sync::CancellationToken;
use tr_jobs::{Relay, RelaySettings};
use tr_store::relaying::{self, What};

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_waits_behind_its_own_door() {
    let world = World::new().await;
    let (flood, other) = (world.tenant().await, world.tenant().await);
    let settings = RelaySettings {
        batch: 40,
        outstanding: 100,
        ..RelaySettings::default()
    };
    let relay = world.relay(&world.link(), settings);
    flood.commit(600).await;
    other.commit(5).await;
    relay.nudge.nudge(flood.context);
    relay.nudge.nudge(other.context);
    eventually(LIMIT, || async { other.published().await == 5 }).await;
    eventually(LIMIT, || async { flood.published().await == 100 }).await;
    // Nobody consumes: nothing more may go, however often it is asked for.
    for _ in 0..20 {
        relay.nudge.nudge(flood.context);
        other.commit(1).await;
        relay.nudge.nudge(other.context);
    }
    eventually(LIMIT, || async { other.published().await == 25 }).await;
    assert_eq!(flood.published().await, 100);
    let handler = Arc::new(world.handler(&relay.nudge));
    let consumers = world.consumers(&world.link(), Class::Activity, &handler);
    eventually(LIMIT, || async {
        flood.done().await == 600 && other.done().await == 25
    })
    .await;
    consumers.stop().await;
    relay.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_events_do_not_bar_the_door_for_ever() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let settings = RelaySettings {
        outstanding: 10,
        ..RelaySettings::default()
    };
    let relay = world.relay(&world.link(), settings);
    tenant.commit(15).await;
    relay.nudge.nudge(tenant.context);
    eventually(LIMIT, || async { tenant.published().await == 10 }).await;
    let dead = "UPDATE outbox SET dead_at = NOW(6) WHERE published_at IS NOT NULL";
    tenant.run(dead).await;
    eventually(LIMIT, || async { tenant.published().await == 15 }).await;
    relay.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_broker_lost_is_published_again_and_the_dead_are_not() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let relay = world.relay(&world.link(), RelaySettings::default());
    tenant.commit(10).await;
    relay.nudge.nudge(tenant.context);
    eventually(LIMIT, || async { tenant.published().await == 10 }).await;
    // All are gone from the broker, and one of them had died before.
    support::purge(&world, Class::Activity).await;
    tenant
        .run("UPDATE outbox SET dead_at = NOW(6) WHERE number = 4")
        .await;
    let hours =
        |hours: u32| format!("UPDATE outbox SET published_at = NOW(6) - INTERVAL {hours} HOUR");
    // Of what was published lately nobody can say yet that it is lost.
    tenant.run(&hours(1)).await;
    relay.nudge.nudge(tenant.context);
    let handler = Arc::new(world.handler(&relay.nudge));
    let consumers = world.consumers(&world.link(), Class::Activity, &handler);
    tenant.commit(1).await;
    relay.nudge.nudge(tenant.context);
    eventually(LIMIT, || async { tenant.done().await == 1 }).await;
    tenant
        .run(&format!("{} WHERE done_at IS NULL", hours(3)))
        .await;
    relay.nudge.nudge(tenant.context);
    eventually(LIMIT, || async { tenant.done().await == 10 }).await;
    let fourth = "SELECT COUNT(*) FROM outbox WHERE number = 4 AND done_at IS NULL \
                  AND published_at < NOW(6) - INTERVAL 2 HOUR";
    assert_eq!(tenant.count(fourth).await, 1);
    consumers.stop().await;
    relay.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_broker_away_the_outbox_grows_says_so_and_drains_by_itself() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let proxy = Proxy::to(&world.amqp_url).await;
    proxy.close();
    let settings = RelaySettings {
        patience: Duration::from_millis(200),
        ..RelaySettings::default()
    };
    let link = world.link_at(&proxy.url(&world.amqp_url));
    let relay = world.relay(&link, settings);
    for _ in 0..10 {
        tenant.commit(3).await;
        relay.nudge.nudge(tenant.context);
    }
    eventually(LIMIT, || async { relay.relay.check().is_err() }).await;
    assert_eq!(tenant.published().await, 0);
    proxy.open();
    eventually(LIMIT, || async { tenant.published().await == 30 }).await;
    eventually(LIMIT, || async { relay.relay.check() }).await;
    relay.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_broker_away_nothing_is_said_to_wait_where_nothing_does() {
    let world = World::new().await;
    let proxy = Proxy::to(&world.amqp_url).await;
    proxy.close();
    let settings = RelaySettings {
        workers: 1,
        patience: Duration::ZERO,
        ..RelaySettings::default()
    };
    let relay = world.relay(&world.link_at(&proxy.url(&world.amqp_url)), settings);
    let idle = [world.tenant().await, world.tenant().await];
    for (looked, tenant) in (1..).zip(&idle) {
        relay.nudge.nudge(tenant.context);
        eventually(LIMIT, || async { world.pools.open_pools() == looked }).await;
    }
    // With the second its one worker has ended with the first.
    relay.relay.check().unwrap();
    relay.running.stop().await;
}

/// Knows of no tenant, and cannot even say so.
struct Broken;

#[db::async_trait]
impl Placements for Broken {
    async fn placement(&self, _: TenantId) -> Result<Arc<Placement>, PlacementError> {
        panic!("a bug")
    }
}

#[tokio::test]
async fn a_relay_of_which_a_task_fails_ends() {
    let world = World::new().await;
    let pools = TenantPools::new(PoolBudget::default(), Arc::new(Broken));
    let publisher = Publisher::new(world.link());
    let settings = RelaySettings::default();
    let relay = Relay::new(pools, publisher, world.clock.clone(), settings);
    let nudge = relay.nudge();
    let running = tokio::spawn(relay.run(CancellationToken::new()));
    nudge.nudge(world.tenant().await.context);
    let ended = within(LIMIT, running).await.unwrap();
    assert!(ended.unwrap_err().is_panic());
}

/// A look happens with every pass: if it went through all that waits, a flood would slow itself
/// down the longer it is.
#[tokio::test]
async fn a_look_at_what_waits_costs_the_same_however_much_does() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    // Rows and entries of indexes that the session has read.
    let rows_read = async |tx: &DatabaseTransaction| -> i64 {
        let sql = "SELECT CAST(SUM(variable_value) AS SIGNED) FROM \
                   information_schema.session_status WHERE variable_name LIKE 'Handler_read%'";
        testkit::number(tx, sql).await
    };
    let look = async || {
        let tx = tenant.db.conn().begin().await.unwrap();
        let before = rows_read(&tx).await;
        let waiting = relaying::waiting(&tx, &Class::NAMES).await.unwrap();
        (waiting, rows_read(&tx).await - before)
    };
    tenant.commit(10).await;
    tenant.run("UPDATE outbox SET published_at = NOW(6)").await;
    tenant.commit(10).await;
    // The first one opens the tables, too.
    look().await;
    let (waiting, read) = look().await;
    let found: Vec<_> = waiting.iter().map(|one| one.class.as_str()).collect();
    assert_eq!(found, ["activity", "activity"], "some wait, some are out");
    assert_eq!(waiting[0].what, What::Events);
    tenant.commit(400).await;
    tenant.run("UPDATE outbox SET published_at = NOW(6)").await;
    tenant.commit(400).await;
    assert_eq!(look().await.1, read);
}
