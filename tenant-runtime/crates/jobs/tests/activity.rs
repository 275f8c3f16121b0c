//! From the outbox to the activity log: every committed event exactly once, whatever happens.

#[expect(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use broker::{Class, Envelope, Outgoing, Publisher};
use chrono::Utc;
use kernel::{EventId, Generation, TenantId};
use support::{After, LIMIT, Tenant, World, messages, ready};
use testkit::{Proxy, eventually};
use tr_jobs::RelaySettings;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn an_event_becomes_one_entry_however_often_it_is_published() {
    let world = World::new().await;
    let tenants = [world.tenant().await, world.tenant().await];
    let relay = world.relay(&world.link(), RelaySettings::default());
    let handler = Arc::new(world.handler(&relay.nudge));
    let consumers = [
        world.consumers(&world.link(), Class::Activity, &handler),
        world.consumers(&world.link(), Class::Activity, &handler),
    ];
    let link = world.link();
    link.connected().await.unwrap();
    let publisher = Publisher::new(link);
    for round in 1..=5 {
        for tenant in &tenants {
            tenant.commit(60).await;
            relay.nudge.nudge(tenant.context);
        }
        for tenant in &tenants {
            eventually(LIMIT, || async { tenant.done().await == round * 60 }).await;
            // As by another relay that had read before it was noted.
            let again = messages(
                tenant.db.conn(),
                tenant.context,
                Class::Activity,
                round as u64 * 60,
            );
            let again: Vec<_> = again
                .await
                .iter()
                .map(|envelope| Outgoing::new(&world.topology, Class::Activity, envelope).unwrap())
                .collect();
            assert!(publisher.publish(&again).await.iter().all(Result::is_ok));
        }
    }
    for tenant in &tenants {
        assert_eq!(tenant.published().await, 300);
        let queue = world.topology.queue(
            Class::Activity,
            Class::Activity.shard(tenant.context.tenant),
        );
        eventually(LIMIT, || async { ready(&world, &queue).await == 0 }).await;
    }
    for running in consumers {
        running.stop().await;
    }
    for tenant in &tenants {
        assert_eq!(tenant.activity().await, (600, 300));
        let span = "SELECT MAX(event_number) - MIN(event_number) + 1 FROM activity";
        assert_eq!(
            tenant
                .count(&format!("SELECT CAST(({span}) AS SIGNED)"))
                .await,
            300
        );
    }
    assert_eq!(dead(&world).await, 0);
    relay.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_survive_connections_that_are_cut_while_they_are_published() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let proxy = Proxy::to(&world.amqp_url).await;
    let relay = world.relay(
        &world.link_at(&proxy.url(&world.amqp_url)),
        RelaySettings::default(),
    );
    let handler = Arc::new(world.handler(&relay.nudge));
    let consumers = world.consumers(&world.link(), Class::Activity, &handler);
    for _ in 0..20 {
        tenant.commit(50).await;
        relay.nudge.nudge(tenant.context);
        proxy.cut();
    }
    eventually(LIMIT, || async { tenant.done().await == 1000 }).await;
    assert_eq!(tenant.activity().await, (2000, 1000));
    consumers.stop().await;
    relay.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_loses_its_acknowledgements_repeats_nothing() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let proxy = Proxy::to(&world.amqp_url).await;
    let relay = world.relay(&world.link(), RelaySettings::default());
    // The effect is committed, then the connection goes, and the acknowledgement with it.
    let cuts = Arc::new(AtomicUsize::new(0));
    let (knife, count) = (proxy.clone(), Arc::clone(&cuts));
    let handler = Arc::new(After(world.handler(&relay.nudge), move || {
        if count.fetch_add(1, Ordering::SeqCst) < 5 {
            knife.cut();
        }
    }));
    let link = world.link_at(&proxy.url(&world.amqp_url));
    let consumers = world.consumers(&link, Class::Activity, &handler);
    for _ in 0..5 {
        tenant.commit(20).await;
        relay.nudge.nudge(tenant.context);
    }
    eventually(LIMIT, || async { tenant.done().await == 100 }).await;
    eventually(LIMIT, || async { cuts.load(Ordering::SeqCst) > 5 }).await;
    consumers.stop().await;
    assert_eq!(tenant.activity().await, (200, 100));
    relay.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_dies_and_nothing_else_does() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let relay = world.relay(&world.link(), RelaySettings::default());
    let handler = Arc::new(world.handler(&relay.nudge));
    let link = world.link();
    link.connected().await.unwrap();
    tenant.commit(10).await;
    tenant
        .run("UPDATE outbox SET payload = '{\"object\": 1}' WHERE number = 4")
        .await;
    tenant
        .run("UPDATE outbox SET kind = 'moon.landed' WHERE number = 6")
        .await;
    let publisher = Publisher::new(link.clone());
    let messages = poison(&tenant)
        .map(|envelope| Outgoing::new(&world.topology, Class::Activity, &envelope).unwrap());
    assert!(publisher.publish(&messages).await.iter().all(Result::is_ok));
    relay.nudge.nudge(tenant.context);
    let consumers = world.consumers(&link, Class::Activity, &handler);
    eventually(LIMIT, || async { tenant.done().await == 8 }).await;
    let expected = messages.len() as u32 + 2;
    eventually(LIMIT, || async {
        let dead = dead(&world).await;
        if dead == expected { Ok(()) } else { Err(dead) }
    })
    .await;
    consumers.stop().await;
    assert_eq!(tenant.activity().await, (16, 8));
    relay.running.stop().await;
}

/// Messages that must not take effect: of another generation, tenant, number, event or version.
fn poison(tenant: &Tenant) -> [Envelope; 5] {
    let good = Envelope {
        id: EventId::from_uuid(Uuid::now_v7()),
        number: 1,
        tenant: tenant.context.tenant,
        generation: tenant.context.generation,
        kind: "work_item.changed".to_owned(),
        version: 1,
        occurred_at: Utc::now(),
        traceparent: None,
    };
    [
        Envelope {
            generation: Generation(0),
            ..good.clone()
        },
        Envelope {
            tenant: TenantId::from_uuid(Uuid::now_v7()),
            ..good.clone()
        },
        Envelope {
            number: 99,
            ..good.clone()
        },
        Envelope {
            version: 2,
            ..good.clone()
        },
        good,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_in_the_middle_leaves_nothing_half_done() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.commit(2000).await;
    let settings = RelaySettings {
        outstanding: 5000,
        ..RelaySettings::default()
    };
    for _ in 0..3 {
        let before = tenant.done().await;
        let link = world.link();
        let relay = world.relay(&link, settings);
        relay.nudge.nudge(tenant.context);
        let handler = Arc::new(world.handler(&relay.nudge));
        let consumers = world.consumers(&link, Class::Activity, &handler);
        eventually(LIMIT, || async {
            tenant.done().await > before || before == 2000
        })
        .await;
        consumers.stop().await;
        relay.running.stop().await;
        link.close().await;
        let (entries, events) = tenant.activity().await;
        assert_eq!((entries, events), (2 * events, tenant.done().await));
    }
    let relay = world.relay(&world.link(), settings);
    relay.nudge.nudge(tenant.context);
    let handler = Arc::new(world.handler(&relay.nudge));
    let consumers = world.consumers(&world.link(), Class::Activity, &handler);
    eventually(LIMIT, || async { tenant.activity().await == (4000, 2000) }).await;
    consumers.stop().await;
    relay.running.stop().await;
}

/// How many messages are dead.
async fn dead(world: &World) -> u32 {
    support::ready(world, &world.topology.dead_queue(Class::Activity)).await
}
