//! Queues and dead letters over the staff API, as a worker reports and brings them.

use std::process::Output;

use chrono::{TimeDelta, Utc};
use clock::Clock;
use cp_app::{
    nodes::Nodes,
    queues::{DeadLetterUpkeep, keep_letters, report},
};
use cp_domain::{Node, Ring, StaffRole};
use cp_node_api::{
    Base64, ClassReport, DeadEvent, DeadLetter, QueueDepth, QueueOrders, QueueReport, Redriven,
    ServerBacklog, TenantBacklog,
};
use cp_staff_api::{
    AuditQuery, BacklogQuery, DeadLetterGroup, DeadLetterQuery, DeadLetterSelection,
    DeadLetterState, Reason, ServerRef, StaffApiError,
};
use kernel::{EventId, Generation, Limit, TenantId};
use mysql::prelude::Queryable as _;
use sea_orm::ConnectionTrait as _;
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use crate::{fixture::admin, staff_api::Served};

/// A worker as the control plane knows it.
struct Worker {
    nodes: Nodes,
    node: Node,
}

impl Worker {
    async fn new(served: &Served, name: &str) -> Self {
        let nodes = served.control_plane.parts.nodes.clone();
        let secret = nodes.create(name, Ring::General).await.unwrap();
        let node = nodes.authenticate(secret.expose_secret()).await.unwrap();
        Self { nodes, node }
    }

    async fn report(&self, said: QueueReport) -> QueueOrders {
        report(&self.nodes, &self.node, said).await.unwrap()
    }

    async fn bring(&self, letters: Vec<DeadLetter>) {
        keep_letters(&self.nodes, &self.node, letters)
            .await
            .unwrap();
    }
}

fn activity(paused: bool, rate: f64) -> ClassReport {
    ClassReport {
        class: "activity".to_owned(),
        depth: Some(QueueDepth {
            ready: 12,
            dead: 1,
            consumers: 4,
        }),
        paused,
        done_rate: rate,
        retry_rate: 0.5,
        dead_rate: 0.0,
        oldest_at: Some(Utc::now() - TimeDelta::seconds(30)),
    }
}

fn backlog(tenant: TenantId, class: &str, waiting: u64) -> TenantBacklog {
    let at = Some(Utc::now() - TimeDelta::seconds(90));
    TenantBacklog {
        tenant_id: tenant,
        class: class.to_owned(),
        waiting,
        outstanding: 5,
        oldest_at: at,
        unpublished_at: at,
    }
}

/// A dead event of a tenant.
fn letter(tenant: TenantId, number: u64, error: &str) -> DeadLetter {
    DeadLetter {
        class: "activity".to_owned(),
        body: Base64(format!("event {number}").into_bytes()),
        body_bytes: 7,
        message_id: Some(number.to_string()),
        error: error.to_owned(),
        attempts: 6,
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        died_at: Some(Utc::now()),
        event: Some(DeadEvent {
            tenant_id: tenant,
            generation: Generation(1),
            event_id: EventId::from_uuid(Uuid::now_v7()),
            number,
            kind: "work_item.created".to_owned(),
            occurred_at: Utc::now(),
        }),
    }
}

/// Something that is none of ours, cut.
fn stranger() -> DeadLetter {
    DeadLetter {
        body: Base64(b"\xffnothing".to_vec()),
        body_bytes: 10 * 1024 * 1024,
        message_id: None,
        event: None,
        ..letter(TenantId::from_uuid(Uuid::nil()), 0, "no envelope")
    }
}

fn reason() -> Reason {
    Reason {
        reason: "a bug in the consumer".to_owned(),
    }
}

fn code(error: &StaffApiError) -> String {
    error.problem().unwrap().code.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_see_what_workers_report_and_pause_a_class_for_all_of_them() {
    let served = Served::new(false).await;
    let (operator, _) = served.staff(StaffRole::Operator).await;
    let (support, _) = served.staff(StaffRole::Support).await;
    let (security, _) = served.staff(StaffRole::Security).await;
    let acme = served.control_plane.provision("acme").await.tenant_id;
    assert!(support.queues().await.unwrap().data.is_empty());
    let unknown = operator.pause_queue("activity", &reason()).await;
    assert_eq!(code(&unknown.unwrap_err()), "not_found");
    let (one, two) = (
        Worker::new(&served, "one").await,
        Worker::new(&served, "two").await,
    );
    let said = |paused| QueueReport {
        classes: vec![activity(paused, 100.0)],
        tenants: vec![backlog(acme, "activity", 40), backlog(acme, "webhook", 0)],
        ..QueueReport::default()
    };
    assert_eq!(one.report(said(false)).await, QueueOrders::default());
    two.report(said(false)).await;

    let queues = support.queues().await.unwrap().data;
    assert_eq!(queues.len(), 1);
    let queue = &queues[0];
    assert_eq!((queue.ready, queue.consumers), (Some(12), Some(4)));
    assert!((queue.done_per_second - 200.0).abs() < 0.01);
    assert!(queue.oldest_age_seconds.unwrap() >= 30.0);
    assert_eq!((queue.workers, queue.workers_paused), (2, 0));
    assert_eq!(queue.paused, None);

    let top = support.backlog(&BacklogQuery::default()).await.unwrap();
    assert_eq!((top.data.len(), top.cut), (2, false));
    assert_eq!(top.data[0].slug.as_deref(), Some("acme"));
    assert_eq!((top.data[0].waiting, top.data[0].outstanding), (40, 5));
    let of = BacklogQuery {
        tenant_id: Some(acme),
        class: Some("webhook".to_owned()),
        limit: Limit::new(1).unwrap(),
    };
    assert_eq!(support.backlog(&of).await.unwrap().data[0].outstanding, 5);
    let outboxes = support.outboxes().await.unwrap().data;
    assert_eq!(outboxes[0].server.name, "local");
    assert_eq!((outboxes[0].tenants, outboxes[0].waiting), (1, 40));
    assert!(outboxes[0].oldest_age_seconds.unwrap() >= 90.0);

    let refused = support.pause_queue("activity", &reason()).await;
    assert_eq!(code(&refused.unwrap_err()), "forbidden");
    let paused = operator.pause_queue("activity", &reason()).await.unwrap();
    assert_eq!(
        paused.data[0].paused.as_ref().unwrap().reason,
        reason().reason
    );
    // Once more changes nothing and is not noted twice.
    operator.pause_queue("activity", &reason()).await.unwrap();
    assert_eq!(one.report(said(false)).await.paused, ["activity"]);
    one.report(said(true)).await;
    assert_eq!(operator.queues().await.unwrap().data[0].workers_paused, 1);
    let resumed = operator.resume_queue("activity").await.unwrap();
    assert_eq!(resumed.data[0].paused, None);
    assert!(two.report(said(true)).await.paused.is_empty());
    let audit = AuditQuery {
        action: Some("queue.".to_owned()),
        ..AuditQuery::default()
    };
    let acts = security.audit(&audit).await.unwrap().data;
    let acts: Vec<_> = acts.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(acts, ["queue.resume", "queue.pause"]);
}

/// What a worker says of a server.
fn on(server: &ServerRef, tenants: u64, waiting: u64) -> ServerBacklog {
    ServerBacklog {
        host: server.host.clone(),
        port: server.port,
        tenants,
        waiting,
        oldest_at: Some(Utc::now() - TimeDelta::seconds(40)),
        not_asked: 3,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_ring_without_workers_staff_see_what_they_said_last_and_when() {
    let served = Served::new(false).await;
    let (support, _) = served.staff(StaffRole::Support).await;
    let acme = served.control_plane.provision("acme").await.tenant_id;
    let never = support.outboxes().await.unwrap().data.remove(0);
    assert_eq!((never.waiting, never.reported_at), (0, None));
    let worker = Worker::new(&served, "one").await;
    let other = Worker::new(&served, "two").await;
    // The tenants that a report names are not all that it counts on servers.
    let said = |waiting| QueueReport {
        classes: vec![activity(false, 100.0)],
        tenants: vec![backlog(acme, "activity", 40)],
        tenants_cut: true,
        servers: vec![on(&never.server, 600, waiting)],
        ..QueueReport::default()
    };
    other.report(said(9_000)).await;
    worker.report(said(8_000)).await;
    let before = support.outboxes().await.unwrap().data.remove(0);
    assert_eq!((before.tenants, before.waiting), (600, 9_000));
    assert_eq!(before.tenants_not_asked, 3);

    let conn = worker.nodes.db.conn();
    let older = async || {
        let older = "UPDATE queue_reports SET reported_at = reported_at - INTERVAL 20 SECOND";
        conn.execute_unprepared(older).await.unwrap();
    };
    older().await;
    let late = support.outboxes().await.unwrap().data.remove(0);
    assert_eq!((late.tenants, late.waiting), (600, 9_000));
    assert!(late.oldest_age_seconds.unwrap() >= 40.0);
    let age = before.reported_at.unwrap() - late.reported_at.unwrap();
    assert_eq!(age, TimeDelta::seconds(20));
    let top = support.backlog(&BacklogQuery::default()).await.unwrap();
    assert_eq!((top.data[0].waiting, top.cut), (40, true));
    assert_eq!(Some(top.data[0].reported_at), late.reported_at);
    let queue = support.queues().await.unwrap().data.remove(0);
    assert_eq!((queue.workers, queue.ready), (0, Some(12)));
    assert_eq!(Some(queue.reported_at), late.reported_at);
    assert!(queue.oldest_at.is_some() && queue.done_per_second < 0.01);

    // Once there is a worker, what others said before counts no more.
    older().await;
    worker.report(said(7_000)).await;
    let now = support.outboxes().await.unwrap().data.remove(0);
    assert_eq!(now.waiting, 7_000);
    assert!(now.reported_at > late.reported_at);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_seen_sent_again_and_let_be() {
    let served = Served::new(false).await;
    let (operator, _) = served.staff(StaffRole::Operator).await;
    let (support, _) = served.staff(StaffRole::Support).await;
    let (security, _) = served.staff(StaffRole::Security).await;
    let acme = served.control_plane.provision("acme").await.tenant_id;
    let worker = Worker::new(&served, "one").await;
    let first = letter(acme, 7, "the payload of event 7 cannot be read");
    // The same message, brought again after a crash.
    let both = vec![first, stranger()];
    worker.bring(both.clone()).await;
    worker.bring(both).await;

    let all = support.dead_letters(&DeadLetterQuery::default()).await;
    let all = all.unwrap().data;
    assert_eq!(all.len(), 2);
    let (strange, dead) = (&all[0], &all[1]);
    assert!(dead.redrivable && !strange.redrivable);
    assert_eq!(dead.tenant_slug.as_deref(), Some("acme"));
    assert_eq!((dead.attempts, dead.event_number), (6, Some(7)));
    let refused = support.dead_letter(&dead.id).await;
    assert_eq!(code(&refused.unwrap_err()), "forbidden");
    let seen = operator.dead_letter(&dead.id).await.unwrap();
    assert_eq!((seen.body.as_str(), seen.body_cut), ("event 7", false));
    let seen = operator.dead_letter(&strange.id).await.unwrap();
    assert_eq!(
        (seen.body.as_str(), seen.body_cut),
        ("\u{fffd}nothing", true)
    );
    let refused = operator.redrive_dead_letter(&strange.id).await;
    assert_eq!(code(&refused.unwrap_err()), "invalid_state");

    let redriving = operator.redrive_dead_letter(&dead.id).await.unwrap();
    assert_eq!(redriving.letter.state, DeadLetterState::Redriving);
    let orders = worker.report(QueueReport::default()).await;
    assert_eq!(orders.redrive.len(), 1);
    assert_eq!(orders.redrive[0].body.0, b"event 7");
    // It is this worker's for a minute.
    let other = Worker::new(&served, "two").await;
    assert!(
        other
            .report(QueueReport::default())
            .await
            .redrive
            .is_empty()
    );
    let id = orders.redrive[0].id;
    let failed = QueueReport {
        redriven: vec![Redriven {
            id,
            error: Some("the tenant is not in service here".to_owned()),
        }],
        ..QueueReport::default()
    };
    assert!(worker.report(failed).await.redrive.is_empty());
    let back = operator.dead_letter(&dead.id).await.unwrap().letter;
    assert_eq!(back.state, DeadLetterState::Dead);
    assert_eq!(
        back.failure.as_deref(),
        Some("the tenant is not in service here")
    );

    // What no worker sends again can be let be.
    operator.redrive_dead_letter(&dead.id).await.unwrap();
    let discarded = operator.discard_dead_letter(&dead.id, &reason()).await;
    assert_eq!(discarded.unwrap().letter.state, DeadLetterState::Discarded);
    let twice = operator.discard_dead_letter(&dead.id, &reason()).await;
    assert_eq!(code(&twice.unwrap_err()), "invalid_state");
    // What was let be can still be sent again.
    operator.redrive_dead_letter(&dead.id).await.unwrap();
    let orders = worker.report(QueueReport::default()).await;
    let sent = QueueReport {
        redriven: vec![Redriven {
            id: orders.redrive[0].id,
            error: None,
        }],
        ..QueueReport::default()
    };
    worker.report(sent).await;
    let done = operator.dead_letter(&dead.id).await.unwrap().letter;
    assert_eq!(done.state, DeadLetterState::Redriven);
    let audit = AuditQuery {
        action: Some("dead_letter.".to_owned()),
        tenant_id: Some(acme),
        ..AuditQuery::default()
    };
    let acts = security.audit(&audit).await.unwrap().data;
    let acts: Vec<_> = acts.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(
        acts,
        [
            "dead_letter.redrive",
            "dead_letter.discard",
            "dead_letter.redrive",
            "dead_letter.redrive"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_the_database_refuses_holds_up_no_other() {
    let served = Served::new(false).await;
    let (operator, _) = served.staff(StaffRole::Operator).await;
    let acme = served.control_plane.provision("acme").await.tenant_id;
    let worker = Worker::new(&served, "one").await;
    let died = |number, at: &str| DeadLetter {
        died_at: Some(at.parse().unwrap()),
        ..letter(acme, number, "died at")
    };
    let occurred = |number, at: &str| {
        let mut letter = letter(acme, number, "occurred at");
        letter.event.as_mut().unwrap().occurred_at = at.parse().unwrap();
        letter
    };
    worker
        .bring(vec![
            occurred(1, "+70000-01-01T00:00:00Z"),
            occurred(2, "-0044-03-15T12:00:00Z"),
            occurred(3, "2016-12-31T23:59:60Z"),
            died(4, "+70000-01-01T00:00:00Z"),
            died(5, "2016-12-31T23:59:60Z"),
            letter(acme, 6, "an ordinary one"),
        ])
        .await;
    let found = operator.dead_letters(&DeadLetterQuery::default()).await;
    let found = found.unwrap().data;
    let redrivable: Vec<_> = found.iter().rev().map(|letter| letter.redrivable).collect();
    assert_eq!(redrivable, [false, false, false, true, true, true]);
    let ages = found.iter().map(|letter| Utc::now() - letter.died_at);
    assert!(ages.into_iter().all(|age| age < TimeDelta::hours(1)));

    // Whatever else the database may refuse.
    let central = served.control_plane.central.name().to_owned();
    let refuse = format!(
        "CREATE TRIGGER {central}.refuse BEFORE INSERT ON {central}.dead_letters FOR EACH ROW \
         IF NEW.kind = 'moon.landed' THEN SIGNAL SQLSTATE '45000'; END IF"
    );
    tokio::task::spawn_blocking(move || admin().query_drop(refuse).unwrap())
        .await
        .unwrap();
    let mut landed = letter(acme, 7, "the moon");
    landed.event.as_mut().unwrap().kind = "moon.landed".to_owned();
    let behind = letter(acme, 8, "behind it");
    worker.bring(vec![landed.clone(), behind.clone()]).await;
    worker.bring(vec![landed, behind]).await;
    let found = operator.dead_letters(&DeadLetterQuery::default()).await;
    let found = found.unwrap().data;
    let errors: Vec<_> = found.iter().map(|letter| letter.error.as_str()).collect();
    assert_eq!(errors[..2], ["behind it", "the moon"]);
    assert_eq!((found.len(), found[1].redrivable), (8, false));
}

/// What the gauge of a class says.
fn gauge(telemetry: &telemetry::Telemetry, class: &str) -> Option<String> {
    let text = telemetry.metrics_text();
    let class = format!("class=\"{class}\"");
    let of_class = |line: &&str| line.starts_with("dead_letters{") && line.contains(&class);
    let line = text.lines().find(of_class)?;
    line.rsplit(' ').next().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_counted_to_zero_and_deleted_after_their_time_though_none_comes() {
    let served = Served::new(false).await;
    let telemetry = telemetry::init("fleet", &telemetry::LogSettings::default());
    let (operator, _) = served.staff(StaffRole::Operator).await;
    let acme = served.control_plane.provision("acme").await.tenant_id;
    let worker = Worker::new(&served, "one").await;
    let of = |class: &str, number| DeadLetter {
        class: class.to_owned(),
        ..letter(acme, number, "a bug")
    };
    let quiet = ClassReport {
        class: "quiet".to_owned(),
        ..activity(false, 0.0)
    };
    worker
        .report(QueueReport {
            classes: vec![quiet],
            ..QueueReport::default()
        })
        .await;
    worker
        .bring(vec![of("loud", 1), of("loud", 2), of("loud", 3)])
        .await;
    let central = served.control_plane.parts.central.clone();
    let mut upkeep = DeadLetterUpkeep::new(central.clone(), Clock::system());
    assert_eq!(upkeep.sweep().await.unwrap(), 0);
    let gauges = |telemetry| ["loud", "quiet"].map(|class| gauge(telemetry, class));
    let said = |text: &str| Some(text.to_owned());
    assert_eq!(gauges(&telemetry), [said("3"), said("0")]);

    let loud = DeadLetterSelection {
        class: Some("loud".to_owned()),
        confirm: Some(3),
        reason: "of no use".to_owned(),
        ..DeadLetterSelection::default()
    };
    operator.discard_dead_letters(&loud).await.unwrap();
    worker.bring(vec![of("undecided", 4)]).await;
    assert_eq!(upkeep.sweep().await.unwrap(), 0);
    assert_eq!(gauges(&telemetry), [said("0"), said("0")]);
    assert_eq!(gauge(&telemetry, "undecided"), said("1"));

    let after = |days| Clock::fixed(Utc::now() + TimeDelta::days(days));
    let mut upkeep = DeadLetterUpkeep::new(central.clone(), after(29));
    assert_eq!(upkeep.sweep().await.unwrap(), 0);
    let mut upkeep = DeadLetterUpkeep::new(central, after(31));
    assert_eq!(upkeep.sweep().await.unwrap(), 3);
    let left = operator.dead_letters(&DeadLetterQuery::default()).await;
    let left = left.unwrap().data;
    assert_eq!((left.len(), left[0].class.as_str()), (1, "undecided"));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_dead_letters_are_sent_again_or_let_be_at_once() {
    let served = Served::new(false).await;
    let (operator, _) = served.staff(StaffRole::Operator).await;
    let tenants: Vec<TenantId> = (0..2)
        .map(|_| TenantId::from_uuid(Uuid::now_v7()))
        .collect();
    let worker = Worker::new(&served, "one").await;
    let of = |tenant: TenantId, error: &'static str| {
        (1..=30).map(move |number| letter(tenant, number, error))
    };
    worker.bring(of(tenants[0], "deadlock").collect()).await;
    worker.bring(of(tenants[1], "no such row").collect()).await;
    worker.bring(vec![stranger()]).await;
    let dead = DeadLetterQuery {
        state: Some(DeadLetterState::Dead),
        ..DeadLetterQuery::default()
    };
    assert_eq!(operator.dead_letter_count(&dead).await.unwrap().count, 61);
    let page = DeadLetterQuery {
        limit: Limit::new(20).unwrap(),
        error: Some("such".to_owned()),
        ..DeadLetterQuery::default()
    };
    let first = operator.dead_letters(&page).await.unwrap();
    let second = DeadLetterQuery {
        cursor: first.next_cursor,
        ..page
    };
    let second = operator.dead_letters(&second).await.unwrap();
    assert_eq!((first.data.len(), second.data.len()), (20, 10));

    let groups = operator.dead_letter_groups(&dead).await.unwrap().data;
    let told = |group: &DeadLetterGroup| (group.error.clone(), group.count, group.tenants);
    let mut found: Vec<_> = groups.iter().map(told).collect();
    assert_eq!(found.pop(), Some(("no envelope".to_owned(), 1, 0)));
    found.sort();
    assert_eq!(
        found,
        [
            ("deadlock".to_owned(), 30, 1),
            ("no such row".to_owned(), 30, 1)
        ]
    );
    assert!(
        groups
            .iter()
            .all(|group| group.first_died_at <= group.last_died_at)
    );
    assert_eq!(groups[2].kind, None);
    let of_one = DeadLetterQuery {
        tenant_id: Some(tenants[1]),
        ..DeadLetterQuery::default()
    };
    let groups = operator.dead_letter_groups(&of_one).await.unwrap().data;
    assert_eq!((groups.len(), groups[0].count), (1, 30));
    assert_eq!(groups[0].kind.as_deref(), Some("work_item.created"));

    let one_tenant = DeadLetterSelection {
        tenant_id: Some(tenants[0]),
        reason: "fixed".to_owned(),
        ..DeadLetterSelection::default()
    };
    let wrong = DeadLetterSelection {
        confirm: Some(31),
        ..one_tenant.clone()
    };
    let refused = operator.redrive_dead_letters(&wrong).await;
    assert_eq!(code(&refused.unwrap_err()), "conflict");
    let unconfirmed = operator.discard_dead_letters(&one_tenant).await;
    assert_eq!(code(&unconfirmed.unwrap_err()), "validation_failed");
    let count = operator.redrive_dead_letters(&one_tenant).await.unwrap();
    assert_eq!(count.count, 30);
    let rest = DeadLetterSelection {
        error: Some("such".to_owned()),
        confirm: Some(30),
        reason: "of no use".to_owned(),
        ..DeadLetterSelection::default()
    };
    let count = operator.discard_dead_letters(&rest).await.unwrap();
    assert_eq!(count.count, 30);
    // Only the stranger is left, which cannot be sent again, but is counted.
    let counted = DeadLetterSelection {
        confirm: Some(1),
        reason: "counted".to_owned(),
        ..DeadLetterSelection::default()
    };
    let count = operator.redrive_dead_letters(&counted).await.unwrap();
    assert_eq!(count.count, 0);
    let all = DeadLetterSelection {
        reason: "all".to_owned(),
        ..DeadLetterSelection::default()
    };
    assert_eq!(operator.redrive_dead_letters(&all).await.unwrap().count, 0);
    assert_eq!(operator.dead_letter_count(&dead).await.unwrap().count, 1);
    let orders = worker.report(QueueReport::default()).await;
    assert_eq!(orders.redrive.len(), 30);
}

/// What a command does.
async fn output(served: &Served, arguments: &[&str]) -> Output {
    let mut command = crate::program::program(&served.control_plane.environment, arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

/// What a command prints.
async fn command(served: &Served, arguments: &[&str]) -> String {
    let output = output(served, arguments).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_by_commands_on_the_server() {
    let served = Served::new(false).await;
    let acme = served.control_plane.provision("acme").await.tenant_id;
    let worker = Worker::new(&served, "one").await;
    let said = QueueReport {
        classes: vec![activity(false, 3.0)],
        tenants: vec![backlog(acme, "activity", 40)],
        ..QueueReport::default()
    };
    worker.report(said.clone()).await;
    worker.bring(vec![letter(acme, 7, "deadlock")]).await;
    let text = command(
        &served,
        &["queues", "pause", "activity", "--reason", "a bug"],
    )
    .await;
    assert!(text.contains("12 ready, 4 consumers"), "{text}");
    assert!(text.contains("1 dead letters") && text.contains("paused: a bug"));
    assert_eq!(worker.report(said).await.paused, ["activity"]);
    let text = command(&served, &["queues", "resume", "activity"]).await;
    assert!(!text.contains("paused"), "{text}");
    let text = command(&served, &["queues", "backlog", "--top", "1"]).await;
    assert!(text.contains("acme") && text.contains("40 waiting, 5 outstanding"));
    let text = command(&served, &["queues", "outboxes"]).await;
    assert!(text.contains("40 waiting in 1 tenants"), "{text}");
    let text = command(&served, &["dead-letters", "list", "--error", "dead"]).await;
    let id = text.split('\t').next().unwrap().to_owned();
    let text = command(&served, &["dead-letters", "groups", "--state", "dead"]).await;
    assert!(text.starts_with("1\t1 tenants\tactivity\twork_item.created\t"));
    assert!(text.ends_with("\tdeadlock\n"), "{text}");
    let text = command(&served, &["dead-letters", "show", &id]).await;
    assert!(
        text.ends_with("event 7\n") && text.contains("7 of 7"),
        "{text}"
    );
    for refused in [
        &[
            "dead-letters",
            "redrive",
            &id,
            "--kind",
            "work_item.created",
        ][..],
        &[
            "dead-letters",
            "discard",
            &id,
            "--confirm",
            "1",
            "--reason",
            "x",
        ],
        &["dead-letters", "list", "--state", "typo"],
    ] {
        let output = output(&served, refused).await;
        assert!(!output.status.success(), "{refused:?}: {output:?}");
    }
    let all = [
        "dead-letters",
        "discard",
        "--all",
        "--confirm",
        "1",
        "--reason",
        "x",
    ];
    assert_eq!(command(&served, &all).await, "1 were discarded\n");
    let mended = ["dead-letters", "redrive", &id, "--reason", "it is mended"];
    let text = command(&served, &mended).await;
    assert!(text.contains("redriving"), "{text}");
    let (security, _) = served.staff(StaffRole::Security).await;
    let audit = AuditQuery {
        action: Some("dead_letter.".to_owned()),
        ..AuditQuery::default()
    };
    let acts = security.audit(&audit).await.unwrap().data;
    let reasons: Vec<_> = acts.iter().map(|entry| &entry.detail["reason"]).collect();
    assert_eq!(reasons, ["it is mended", "x"]);
}
