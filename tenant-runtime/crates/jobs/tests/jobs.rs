//! Jobs: done once when they are due, coalesced until they are taken up, dead.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

#[expect(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::sync::{Arc, Mutex};

use broker::{Class, Envelope, Handler as _, Incoming, Verdict};
use chrono::{TimeDelta, Utc};
use db::TenantDb;
use kernel::{EventId, TenantContext};
use serde_json::json;
use support::{LIMIT, Tenant, World};
use testkit::eventually;
use tokio::sync::{Barrier, Semaphore};
use tr_jobs::{Effect, RelaySettings, Work, Writing};
use tr_store::{
    StoreError,
    jobs::{self, Job},
    relaying::{self, Unpublished},
};
use uuid::Uuid;

const CLASS: &str = Class::Notification.name();

/// Notes its jobs in the order in which it acted on them, as each is let through.
struct Notes {
    acted: Mutex<Vec<String>>,
    open: Semaphore,
}

#[derive(Clone)]
struct Notebook(Arc<Notes>);

impl Notebook {
    fn new(open: usize) -> Self {
        Self(Arc::new(Notes {
            acted: Mutex::default(),
            open: Semaphore::new(open),
        }))
    }

    fn acted(&self) -> Vec<String> {
        self.0.acted.lock().unwrap().clone()
    }
}

impl Effect for Notebook {
    const CLASS: Class = Class::Notification;
    const ACTS: bool = true;
    type Acted = Option<String>;

    fn knows(&self, kind: &str, version: u16) -> bool {
        kind == "test.note" && version == 1
    }

    async fn act(&self, _: &TenantContext, _: &TenantDb, work: &Work) -> Option<String> {
        tracing::info!("acted");
        self.0.acted.lock().unwrap().push(work.payload.clone());
        self.0.open.acquire().await.unwrap().forget();
        Some(work.payload.clone())
    }

    async fn write(
        &self,
        _: &Writing<'_>,
        work: &[(Work, Option<String>)],
    ) -> Result<Vec<Verdict>, StoreError> {
        let verdict = |(work, acted): &(Work, Option<String>)| match acted.as_deref() {
            Some(payload) if payload.contains("never") => Verdict::Retry("never".to_owned()),
            Some(payload) if payload.contains("poison") => Verdict::Dead("poison".to_owned()),
            Some(payload) if payload == work.payload => Verdict::Done,
            _ => Verdict::Dead("it was not acted on".to_owned()),
        };
        Ok(work.iter().map(verdict).collect())
    }
}

/// Schedules a job in some seconds, and tells when it is due.
async fn schedule(tenant: &Tenant, key: &str, what: &str, millis: i64) {
    let job = Job {
        id: Uuid::now_v7(),
        class: CLASS,
        kind: "test.note",
        version: 1,
        key: key.to_owned(),
        payload: json!({ "what": what }),
        due_at: Utc::now() + TimeDelta::milliseconds(millis),
    };
    let trace = Some(support::TRACE);
    jobs::schedule(tenant.db.conn(), job, trace).await.unwrap();
}

async fn left(tenant: &Tenant) -> i64 {
    tenant
        .count("SELECT COUNT(*) FROM jobs WHERE done_at IS NULL")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_done_once_when_it_is_due() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let relay = world.relay(&world.link(), RelaySettings::default());
    let notes = Notebook::new(100);
    let handler = Arc::new(world.place(&relay.nudge).handler(notes.clone()));
    let consumers = world.consumers(&world.link(), Class::Notification, &handler);
    schedule(&tenant, "later", "later", 600).await;
    schedule(&tenant, "now", "now", 0).await;
    schedule(&tenant, "in an hour", "in an hour", 3_600_000).await;
    // The relay is told once; when the others are due it knows by itself.
    relay.nudge.nudge(tenant.context);
    eventually(LIMIT, || async { left(&tenant).await == 1 }).await;
    assert_eq!(notes.acted(), [r#"{"what":"now"}"#, r#"{"what":"later"}"#]);
    let early = "SELECT COUNT(*) FROM jobs WHERE published_at < due_at OR done_at < due_at";
    assert_eq!(tenant.count(early).await, 0);
    consumers.stop().await;
    relay.running.stop().await;
}

/// Goes on when as many act at once.
struct Together(Barrier);

impl Effect for Together {
    const CLASS: Class = Class::Notification;
    const ACTS: bool = true;
    type Acted = bool;

    fn knows(&self, _: &str, _: u16) -> bool {
        true
    }

    async fn act(&self, _: &TenantContext, _: &TenantDb, _: &Work) -> bool {
        testkit::within(LIMIT, self.0.wait()).await.is_some()
    }

    async fn write(
        &self,
        _: &Writing<'_>,
        work: &[(Work, bool)],
    ) -> Result<Vec<Verdict>, StoreError> {
        let verdict = |(_, met): &(Work, bool)| match met {
            true => Verdict::Done,
            false => Verdict::Dead("it was alone".to_owned()),
        };
        Ok(work.iter().map(verdict).collect())
    }
}

/// What the broker would bring of a tenant's jobs that are due.
async fn due(tenant: &Tenant) -> Vec<Incoming> {
    let rows = relaying::due_jobs(tenant.db.conn(), CLASS, Utc::now(), 100);
    let message = |row: Unpublished| Incoming {
        envelope: Envelope {
            id: EventId::from_uuid(row.id),
            number: 0,
            tenant: tenant.context.tenant,
            generation: tenant.context.generation,
            kind: row.kind,
            version: row.version,
            occurred_at: row.occurred_at,
            traceparent: row.traceparent,
        },
        attempt: 1,
        redelivered: false,
    };
    rows.await.unwrap().into_iter().map(message).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_outside_is_done_at_once_for_a_whole_batch() {
    let world = World::new().await;
    let (mut batch, mut tenants) = (Vec::new(), Vec::new());
    for jobs in [9, 1, 1, 1, 1, 1, 1, 1, 1] {
        let tenant = world.tenant().await;
        for job in 0..jobs {
            schedule(&tenant, &format!("{job}"), "now", 0).await;
        }
        batch.extend(due(&tenant).await);
        tenants.push(tenant);
    }
    let relay = world.relay(&world.link(), RelaySettings::default());
    let effect = Together(Barrier::new(batch.len()));
    let handler = world.place(&relay.nudge).handler(effect);
    let verdicts = handler.handle(&batch).await;
    let done = verdicts.iter().filter(|verdict| **verdict == Verdict::Done);
    assert_eq!(done.count(), 17, "{verdicts:?}");
    relay.running.stop().await;
}

/// A log that a test reads.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn what_is_done_for_a_job_is_part_of_the_trace_that_caused_it() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    // For the whole process: callsites that other tests came by first know no other.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let world = World::new().await;
    let tenant = world.tenant().await;
    let relay = world.relay(&world.link(), RelaySettings::default());
    let handler = Arc::new(world.place(&relay.nudge).handler(Notebook::new(100)));
    let consumers = world.consumers(&world.link(), Class::Notification, &handler);
    schedule(&tenant, "traced", "traced", 0).await;
    relay.nudge.nudge(tenant.context);
    eventually(LIMIT, || async { left(&tenant).await == 0 }).await;
    consumers.stop().await;
    relay.running.stop().await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let of_tenant = format!("tenant.id={}", tenant.context.tenant);
    let mut lines = log.lines().filter(|line| line.contains(&of_tenant));
    let line = lines.find(|line| line.ends_with("acted")).unwrap();
    assert!(line.contains("consume{class=\"notification\""), "{line}");
    assert!(line.contains(support::TRACE), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_the_same_key_is_the_same_until_it_is_taken_up() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let relay = world.relay(&world.link(), RelaySettings::default());
    let notes = Notebook::new(0);
    let handler = Arc::new(world.place(&relay.nudge).handler(notes.clone()));
    let consumers = world.consumers(&world.link(), Class::Notification, &handler);
    schedule(&tenant, "mail", "first", 3_600_000).await;
    schedule(&tenant, "mail", "second", 0).await;
    relay.nudge.nudge(tenant.context);
    eventually(LIMIT, || async { notes.acted().len() == 1 }).await;
    // The first is under way: what comes now must not be lost in it.
    schedule(&tenant, "mail", "third", 0).await;
    schedule(&tenant, "mail", "fourth", 0).await;
    relay.nudge.nudge(tenant.context);
    notes.0.open.add_permits(100);
    eventually(LIMIT, || async { left(&tenant).await == 0 }).await;
    assert_eq!(
        notes.acted(),
        [r#"{"what":"first"}"#, r#"{"what":"third"}"#]
    );
    consumers.stop().await;
    relay.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dead_says_so_in_its_row() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let relay = world.relay(&world.link(), RelaySettings::default());
    for what in ["good", "poison", "never"] {
        schedule(&tenant, what, what, 0).await;
    }
    relay.nudge.nudge(tenant.context);
    let notes = Notebook::new(100);
    let handler = Arc::new(world.place(&relay.nudge).handler(notes.clone()));
    let consumers = world.consumers(&world.link(), Class::Notification, &handler);
    eventually(LIMIT, || async { dead(&world).await == 2 }).await;
    eventually(LIMIT, || async { left(&tenant).await == 2 }).await;
    let marked = "SELECT COUNT(*) FROM jobs WHERE dead_at IS NOT NULL AND done_at IS NULL";
    assert_eq!(tenant.count(marked).await, 2);
    consumers.stop().await;
    relay.running.stop().await;
}

/// How many messages are dead.
async fn dead(world: &World) -> u32 {
    support::ready(world, &world.topology.dead_queue(Class::Notification)).await
}
