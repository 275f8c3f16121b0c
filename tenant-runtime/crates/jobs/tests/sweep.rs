//! The sweep of all tenants: by sweep accounts, and one by one where that does not work.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

#[expect(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::{collections::HashMap, time::Duration};

use broker::Class;
use chrono::{TimeDelta, Utc};
use db::SweepAddress;
use kernel::{ServerId, TenantContext, TenantId};
use serde_json::json;
use support::{LIMIT, Running, RunningRelay, Tenant, World};
use testkit::{TestSweeper, eventually};
use tokio_util::sync::CancellationToken;
use tr_jobs::{
    Finding, RelaySettings, RingError, SweepPage, SweepRing, SweepSettings, SweepTenant, Swept,
    sweep, sweep_once,
};
use tr_store::jobs::{self, Job};
use uuid::Uuid;

/// Tenants on servers, listed two at a time.
#[derive(Clone, Default)]
struct Places {
    tenants: Vec<SweepTenant>,
    servers: HashMap<ServerId, SweepAddress>,
}

impl Places {
    /// Tenants on the server of tests, which lets the account in.
    async fn of(sweeper: &TestSweeper, tenants: &[Tenant]) -> Self {
        let names: Vec<&str> = tenants.iter().map(|tenant| tenant.db.name()).collect();
        sweeper.may_look_at(&names).await;
        let server = ServerId::from_uuid(Uuid::now_v7());
        let mut places = Self::default();
        places.servers.insert(server, address(sweeper));
        for tenant in tenants {
            places.add(tenant.context, Some((server, tenant.db.name())));
        }
        places
    }

    fn add(&mut self, tenant: TenantContext, database: Option<(ServerId, &str)>) {
        self.tenants.push(SweepTenant {
            tenant,
            database: database.map(|(server, name)| (server, name.to_owned())),
        });
    }
}

fn address(sweeper: &TestSweeper) -> SweepAddress {
    SweepAddress {
        host: sweeper.host.clone(),
        port: sweeper.port,
        user: sweeper.user.clone(),
        password: sweeper.password.clone().into(),
    }
}

impl SweepRing for Places {
    async fn swept(&self, after: Option<TenantId>) -> Result<SweepPage, RingError> {
        let known = |after| self.tenants.iter().position(|t| t.tenant.tenant == after);
        let start = after.map_or(0, |after| 1 + known(after).unwrap());
        let tenants: Vec<_> = self.tenants.iter().skip(start).take(2).cloned().collect();
        let more = start + 2 < self.tenants.len();
        Ok(SweepPage {
            next: tenants
                .last()
                .filter(|_| more)
                .map(|last| last.tenant.tenant),
            tenants,
            servers: self.servers.clone(),
        })
    }
}

async fn look(places: &Places) -> (Swept, HashMap<TenantContext, Finding>) {
    let mut found = HashMap::new();
    let tell = |tenant, finding| assert_eq!(found.insert(tenant, finding), None);
    let swept = sweep_once(places, Utc::now(), tell).await.unwrap();
    (swept, found)
}

fn keep_sweeping(world: &World, relay: &RunningRelay, places: Places, all: Duration) -> Running {
    let stop = CancellationToken::new();
    let settings = SweepSettings {
        active: Duration::from_millis(100),
        all,
    };
    let (active, nudge, clock) = (
        world.active.clone(),
        relay.nudge.clone(),
        world.clock.clone(),
    );
    let sweeping = sweep(places, active, nudge, settings, clock, stop.clone());
    Running::new(stop, tokio::spawn(sweeping))
}

/// Has a job wait that is due in so many seconds.
async fn schedule(tenant: &Tenant, seconds: i64) {
    let job = Job {
        id: Uuid::now_v7(),
        class: Class::Notification.name(),
        kind: "test.note",
        version: 1,
        key: "key".to_owned(),
        payload: json!({}),
        due_at: Utc::now() + TimeDelta::seconds(seconds),
    };
    jobs::schedule(tenant.db.conn(), job, None).await.unwrap();
}

async fn tenants<const N: usize>(world: &World) -> Vec<Tenant> {
    let mut tenants = Vec::with_capacity(N);
    for _ in 0..N {
        tenants.push(world.tenant().await);
    }
    tenants
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_what_waits_what_is_out_and_what_comes() {
    let world = World::new().await;
    let tenants = tenants::<7>(&world).await;
    let [idle, event, due, later, out, lost, dead] = tenants.as_slice() else {
        panic!();
    };
    event.commit(2).await;
    schedule(due, -1).await;
    schedule(later, 3600).await;
    for tenant in [out, lost, dead, idle] {
        tenant.commit(3).await;
    }
    out.run("UPDATE outbox SET published_at = NOW(6)").await;
    lost.run("UPDATE outbox SET published_at = NOW(6) - INTERVAL 3 HOUR")
        .await;
    dead.run("UPDATE outbox SET published_at = NOW(6) - INTERVAL 3 HOUR, dead_at = NOW(6)")
        .await;
    idle.run("UPDATE outbox SET published_at = NOW(6), done_at = NOW(6)")
        .await;
    let sweeper = TestSweeper::new().await;
    let (swept, found) = look(&Places::of(&sweeper, &tenants).await).await;
    let all = Swept {
        tenants: 7,
        one_by_one: 0,
    };
    assert_eq!(swept, all);
    let found = |tenant: &Tenant| {
        let finding = found.get(&tenant.context)?;
        Some((finding.waits, finding.busy, finding.next_due.is_some()))
    };
    assert_eq!(found(event), Some((true, true, false)));
    assert_eq!(found(due), Some((true, true, false)));
    assert_eq!(found(lost), Some((true, true, false)));
    assert_eq!(found(later), Some((false, false, true)));
    assert_eq!(found(out), Some((false, true, false)));
    assert_eq!((found(idle), found(dead)), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_where_something_waits_a_database_is_opened() {
    let world = World::new().await;
    let tenants = tenants::<5>(&world).await;
    let relay = world.relay(&world.link(), RelaySettings::default());
    let [event, later, idle, out, _] = tenants.as_slice() else {
        panic!();
    };
    // Nobody nudges for these.
    event.commit(2).await;
    schedule(later, 2).await;
    out.commit(1).await;
    out.run("UPDATE outbox SET published_at = NOW(6)").await;
    let sweeper = TestSweeper::new().await;
    let places = Places::of(&sweeper, &tenants).await;
    let sweeping = keep_sweeping(&world, &relay, places, Duration::from_secs(3600));
    eventually(LIMIT, || async { event.published().await == 2 }).await;
    // Swept once, the relay knows by itself when a job is due.
    let published = "SELECT COUNT(*) FROM jobs WHERE published_at >= due_at";
    eventually(LIMIT, || async { later.count(published).await == 1 }).await;
    assert_eq!(world.pools.open_pools(), 2);
    // From now on only tenants that are active are looked at before the hour is over.
    idle.commit(2).await;
    world.active.note(idle.context);
    eventually(LIMIT, || async { idle.published().await == 2 }).await;
    assert_eq!(world.pools.open_pools(), 3);
    sweeping.stop().await;
    relay.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_looked_at_is_swept_one_by_one() {
    let world = World::new().await;
    let relay = world.relay(&world.link(), RelaySettings::default());
    let good = tenants::<2>(&world).await;
    let sweeper = TestSweeper::new().await;
    let mut places = Places::of(&sweeper, &good).await;
    let here = *places.servers.keys().next().unwrap();
    let other = |port, user: &str| SweepAddress {
        port,
        user: user.to_owned(),
        ..address(&sweeper)
    };
    let nowhere = [1, 2, 3].map(|n| ServerId::from_uuid(Uuid::from_u128(n)));
    places.servers.insert(nowhere[0], other(1, &sweeper.user));
    places
        .servers
        .insert(nowhere[1], other(sweeper.port, "s_nobody"));
    let alone = tenants::<6>(&world).await;
    let [gone, beside, strange, away, refused, unknown] = alone.as_slice() else {
        panic!();
    };
    // With a page of its own for the one that is gone and the one beside it.
    sweeper.may_look_at(&[beside.db.name()]).await;
    places.add(gone.context, Some((here, "trellis_test_nothing")));
    places.add(beside.context, Some((here, beside.db.name())));
    places.add(away.context, Some((nowhere[0], away.db.name())));
    places.add(refused.context, Some((nowhere[1], refused.db.name())));
    places.add(strange.context, Some((here, "a`.outbox; --")));
    places.add(unknown.context, Some((nowhere[2], unknown.db.name())));
    let not_let_in = world.tenant().await;
    places.add(not_let_in.context, Some((here, not_let_in.db.name())));
    let without = world.tenant().await;
    places.add(without.context, None);
    let (swept, found) = look(&places).await;
    let expected = Swept {
        tenants: 10,
        one_by_one: 8,
    };
    assert_eq!(swept, expected);
    let told: Vec<_> = places
        .tenants
        .iter()
        .map(|tenant| found.get(&tenant.tenant).map(|finding| finding.waits))
        .collect();
    let unknown = [Some(true); 8];
    assert_eq!(told, [&[None; 2], unknown.as_slice()].concat());

    // Nobody of them is lost, and who has moved under another generation costs the others nothing.
    for tenant in &good {
        tenant.commit(1).await;
    }
    let mut moved = places.clone();
    if let Some(first) = moved.tenants.first_mut() {
        first.tenant.generation = kernel::Generation(7);
    }
    for tenant in alone.iter().chain([&not_let_in, &without]) {
        tenant.commit(1).await;
    }
    let sweeping = keep_sweeping(&world, &relay, moved, Duration::from_secs(3600));
    let found = alone.iter().chain([&not_let_in, &without]);
    for tenant in found.chain(good.get(1)) {
        eventually(LIMIT, || async { tenant.published().await == 1 }).await;
    }
    sweeping.stop().await;
    relay.running.stop().await;
}
