//! The timer leads alone, and what it has deleted is what is past its time.

#[expect(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use broker::{Class, Link};
use support::{LIMIT, List, Running, Tenant, World};
use testkit::eventually;
use tokio_util::sync::CancellationToken;
use tr_jobs::{HousekeepingHandler, Retention, TickSettings, tick};

fn timer(world: &World, link: &Link, tenants: &[&Tenant]) -> Running {
    let stop = CancellationToken::new();
    let ring = List(tenants.iter().map(|tenant| tenant.context).collect());
    let settings = TickSettings {
        every: Duration::from_secs(1),
    };
    let ticking = tick(
        link.clone(),
        ring,
        world.clock.clone(),
        settings,
        stop.clone(),
    );
    Running::new(stop, tokio::spawn(ticking))
}

async fn fill(tenant: &Tenant) {
    tenant.commit(6).await;
    let done = "UPDATE outbox SET done_at = UTC_TIMESTAMP(6) - INTERVAL";
    tenant
        .run(&format!("{done} 8 DAY WHERE number IN (1, 2)"))
        .await;
    tenant.run(&format!("{done} 6 DAY WHERE number = 3")).await;
    let old = "UPDATE outbox SET occurred_at = occurred_at - INTERVAL 30 DAY WHERE number = 4";
    tenant.run(old).await;
    for (key, hours) in [(1, 25), (2, 23)] {
        let insert = format!(
            "INSERT INTO idempotency_keys (scope, body_hash, status, body, created_at) VALUES \
             (REPEAT(CHAR({key}), 32), REPEAT('h', 32), 201, '', \
              UTC_TIMESTAMP(6) - INTERVAL {hours} HOUR)"
        );
        tenant.run(&insert).await;
    }
}

async fn events(tenant: &Tenant) -> i64 {
    tenant.count("SELECT COUNT(*) FROM outbox").await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_its_time_is_deleted_and_what_is_not_done_never() {
    let world = World::new().await;
    let tenants = [&world.tenant().await, &world.tenant().await];
    for tenant in tenants {
        fill(tenant).await;
    }
    let link = world.link();
    let handler = HousekeepingHandler::new(
        world.pools.clone(),
        world.clock.clone(),
        Retention::default(),
    );
    let consumers = world.consumers(&link, Class::Housekeeping, &Arc::new(handler));
    let timer = timer(&world, &link, &tenants);
    for tenant in tenants {
        eventually(LIMIT, || async { events(tenant).await == 4 }).await;
        let keys = "SELECT COUNT(*) FROM idempotency_keys";
        eventually(LIMIT, || async { tenant.count(keys).await == 1 }).await;
        assert_eq!(
            tenant
                .count("SELECT CAST(MIN(number) AS SIGNED) FROM outbox")
                .await,
            3
        );
    }
    timer.stop().await;
    consumers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_leads_and_another_takes_over() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let links = [world.link(), world.link()];
    let first = timer(&world, &links[0], &[&tenant]);
    let queue = world.topology.queue(Class::Housekeeping, 0);
    links[0].connected().await.unwrap();
    eventually(LIMIT, || async {
        support::ready(&world, &queue).await >= 1
    })
    .await;
    let second = timer(&world, &links[1], &[&tenant]);
    links[1].connected().await.unwrap();
    let (before, began) = (support::ready(&world, &queue).await, Instant::now());
    eventually(LIMIT, || async {
        support::ready(&world, &queue).await >= before + 6
    })
    .await;
    // One job per slot of a second; two leaders would have made six in three.
    let jobs = u64::from(support::ready(&world, &queue).await - before);
    assert!(
        jobs <= began.elapsed().as_secs() + 2,
        "{jobs} in {:?}",
        began.elapsed()
    );
    first.stop().await;
    links[0].close().await;
    let after = support::ready(&world, &queue).await;
    eventually(LIMIT, || async {
        support::ready(&world, &queue).await > after + 1
    })
    .await;
    second.stop().await;
}
