//! A tenant with people, a plan, and somebody who tells them. Its clock stands until a test moves it.

use std::collections::BTreeMap;
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use broker::{Envelope, Handler as _, Incoming, Publisher, Verdict};
use chrono::{DateTime, TimeDelta, Utc};
use clock::Clock;
use db::TenantDb;
use kernel::{
    Actor, EventId, FolderId, GroupId, IfMatch, MemberId, RequestContext, RequestId, Role,
    TenantContext, TenantId, WorkItemId,
};
use mailer::{Mailer, SmtpSettings};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::Value;
use settings::Secret;
use testkit::{Mail, StatementCounter, mailbox};
use tr_app::Outcome;
use tr_app::grants::{PutGrant, put_grant};
use tr_app::notifications::{
    NotificationFilter, PutDefaults, PutOwn, list_notifications, put_default_settings,
    put_own_settings,
};
use tr_app::views::NotificationView;
use tr_app::work_items::{
    CompleteWorkItem, CreateWorkItem, PatchWorkItem, complete_work_item, create_work_item,
    patch_work_item, reopen_work_item,
};
use tr_domain::access::{Level, Subject};
use tr_domain::notifications::{Choice, MailChoice, Trigger, Way};
use tr_domain::{ContentPatch, LocalMinute, WorkItemKind};
use tr_jobs::{
    ClassHandler, Effect, Facts, FactsError, MailSender, Notifier, Relay, RelaySettings,
    TenantFacts,
};
use tr_store::RowId;
use tr_store::relaying::{self, Unpublished};
use uuid::{Uuid, fmt::Simple};

use crate::support::{Tenant, World};

/// Somebody of the tenant.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: MemberId,
    pub email: String,
    role: Role,
    external: bool,
}

/// Knows one tenant.
pub struct Known;

impl Facts for Known {
    async fn of(&self, _: TenantId) -> Result<Arc<TenantFacts>, FactsError> {
        Ok(Arc::new(TenantFacts {
            name: "Acme".into(),
            origin: "http://acme.trellis.example".into(),
            host: "acme.trellis.example".into(),
            zone: "Europe/Berlin".parse().unwrap(),
        }))
    }
}

pub fn notifier() -> Notifier<Known> {
    Notifier::new(Arc::new(Known))
}

pub fn mail_sender(smtp: &str, clock: &Clock) -> MailSender<Known> {
    let settings = SmtpSettings {
        url: Secret::new(smtp),
        from: "Trellis <no-reply@trellis.example>".into(),
    };
    let mailer = Mailer::new(&settings).unwrap();
    MailSender::new(Arc::new(Known), mailer, clock.clone())
}

pub struct Office {
    pub tenant: Tenant,
    pub db: TenantDb,
    pub clock: Clock,
    telling: ClassHandler<Notifier<Known>>,
    mailing: ClassHandler<MailSender<Known>>,
    world: Option<World>,
    /// An architect.
    pub ann: Person,
    /// Sees the plan.
    pub bob: Person,
    /// Sees nothing.
    pub eve: Person,
    /// A guest who sees the plan.
    pub guest: Person,
    pub grid: WorkItemId,
    pub element: WorkItemId,
    pub stage: WorkItemId,
    names: AtomicU32,
}

/// A Monday in winter, ten o'clock in Berlin.
pub fn monday() -> DateTime<Utc> {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

impl Office {
    pub async fn open() -> Self {
        Self::with(mailbox().smtp_url()).await
    }

    /// Mail goes to this server.
    pub async fn with(smtp: &str) -> Self {
        let mut world = World::new().await;
        world.clock = Clock::fixed(monday());
        let tenant = world.tenant().await;
        let mut office = Self::of(&world, tenant, smtp).await;
        office.world = Some(world);
        office
    }

    /// One in a world that is there, with its clock.
    pub async fn of(world: &World, tenant: Tenant, smtp: &str) -> Self {
        let clock = world.clock.clone();
        let db = world.pools.get(&tenant.context).await.unwrap();
        // Nothing is published there: the office brings what happens to the handler itself.
        let publisher = Publisher::new(world.link_at("amqp://127.0.0.1:9/%2f"));
        let settings = RelaySettings::default();
        let relay = Relay::new(world.pools.clone(), publisher, clock.clone(), settings);
        let place = world.place(&relay.nudge());
        let telling = place.handler(notifier());
        let mailing = place.handler(mail_sender(smtp, &clock));
        let ann = person(&tenant, "Ann", Role::Architect, false).await;
        let bob = person(&tenant, "Bob", Role::User, false).await;
        let eve = person(&tenant, "Eve", Role::User, false).await;
        let guest = person(&tenant, "Guest", Role::User, true).await;
        let nothing = WorkItemId::from_uuid(Uuid::nil());
        let mut office = Self {
            tenant,
            db,
            clock,
            telling,
            mailing,
            world: None,
            ann,
            bob,
            eve,
            guest,
            grid: nothing,
            element: nothing,
            stage: nothing,
            names: AtomicU32::new(0),
        };
        office.build().await;
        office
    }

    async fn build(&mut self) {
        let root = FolderId::from_uuid(self.tenant.context.tenant.as_uuid());
        let grid = CreateWorkItem {
            folder_id: Some(root),
            ..new(WorkItemKind::Grid, "Launch")
        };
        self.grid = self.create(grid).await;
        let below = |kind, name, parent| CreateWorkItem {
            parent_id: Some(parent),
            ..new(kind, name)
        };
        self.stage = self
            .create(below(WorkItemKind::Stage, "Build", self.grid))
            .await;
        let theme = self
            .create(below(WorkItemKind::Theme, "Legal", self.grid))
            .await;
        self.element = self
            .create(CreateWorkItem {
                theme_id: Some(theme),
                ..below(WorkItemKind::Element, "Contracts", self.stage)
            })
            .await;
        // The plan is not news to those who are given it here.
        let bob = self.bob.clone();
        self.share(&bob, Level::View).await;
        let guest = self.guest.clone();
        self.share(&guest, Level::View).await;
        self.told().await;
        self.tenant.run("DELETE FROM notifications").await;
        self.tenant.run("DELETE FROM jobs").await;
    }

    pub fn ctx(&self, who: &Person) -> RequestContext {
        RequestContext {
            tenant: self.tenant.context,
            actor: Actor {
                member: who.id,
                role: who.role,
                external: who.external,
                session: None,
                scopes: None,
            },
            request_id: RequestId::parse("a-test").unwrap(),
            now: self.clock.now(),
        }
    }

    async fn create(&self, command: CreateWorkItem) -> WorkItemId {
        let created = create_work_item(&self.ctx(&self.ann), &self.db, command, None).await;
        done(created.unwrap()).id
    }

    /// A task that Ann makes.
    pub async fn task(&self) -> WorkItemId {
        let number = self.names.fetch_add(1, Ordering::SeqCst);
        self.create(CreateWorkItem {
            parent_id: Some(self.element),
            ..new(WorkItemKind::Task, &format!("Task {number}"))
        })
        .await
    }

    /// Something changes an item's fields.
    pub async fn patch(&self, who: &Person, id: WorkItemId, content: ContentPatch) {
        let command = PatchWorkItem {
            id,
            if_match: IfMatch::Any,
            content,
            labels: None,
        };
        patch_work_item(&self.ctx(who), &self.db, command)
            .await
            .unwrap();
    }

    /// Ann assigns an item.
    pub async fn assign(&self, id: WorkItemId, to: Option<&Person>) {
        let content = ContentPatch {
            assignee_id: Some(to.map(|person| person.id)),
            ..ContentPatch::default()
        };
        self.patch(&self.ann, id, content).await;
    }

    /// Ann says when it has to be done.
    pub async fn deadline(&self, id: WorkItemId, at: &str) {
        let content = ContentPatch {
            deadline: Some(Some(LocalMinute::parse(at).unwrap())),
            ..ContentPatch::default()
        };
        self.patch(&self.ann, id, content).await;
    }

    pub async fn complete(&self, who: &Person, id: WorkItemId) {
        let command = CompleteWorkItem {
            id,
            if_match: IfMatch::Missing,
            outcome: None,
            note: None,
        };
        let ctx = self.ctx(who);
        complete_work_item(&ctx, &self.db, command, None)
            .await
            .unwrap();
    }

    pub async fn reopen(&self, who: &Person, id: WorkItemId) {
        let ctx = self.ctx(who);
        reopen_work_item(&ctx, &self.db, id, IfMatch::Missing, None)
            .await
            .unwrap();
    }

    /// Ann gives a right on the plan.
    pub async fn share(&self, with: &Person, level: Level) {
        self.share_with(Subject::Member(with.id), level).await;
    }

    /// The same, with a group too.
    pub async fn share_with(&self, subject: Subject, level: Level) {
        let command = PutGrant {
            object_id: self.grid.as_uuid(),
            subject,
            level,
        };
        put_grant(&self.ctx(&self.ann), &self.db, command, None)
            .await
            .unwrap();
    }

    /// Takes all rights on the plan from somebody, without an event.
    pub async fn shut_out(&self, who: &Person) {
        let id = who.id.as_uuid().simple();
        self.tenant
            .run(&format!("DELETE FROM grants WHERE member_id = x'{id}'"))
            .await;
    }

    /// Somebody wants to know of a trigger in these ways.
    pub async fn wants(&self, who: &Person, trigger: Trigger, mail: MailChoice) {
        let choice = Choice { in_app: true, mail };
        let command = PutOwn {
            triggers: [(trigger, choice)].into(),
            ..PutOwn::default()
        };
        put_own_settings(&self.ctx(who), &self.db, command)
            .await
            .unwrap();
    }

    /// The tenant insists on this.
    pub async fn insist(&self, trigger: Trigger, mail: MailChoice) {
        let choice = Choice { in_app: true, mail };
        let way = Way {
            choice,
            locked: true,
        };
        let command = PutDefaults {
            settle_seconds: 120,
            digest_hour: 7,
            remind_hours: 24,
            triggers: [(trigger, way)].into(),
        };
        let ctx = self.ctx(&self.ann);
        put_default_settings(&ctx, &self.db, command).await.unwrap();
    }

    /// There is mail as soon as there is something to tell.
    pub async fn settle_at_once(&self) {
        let command = PutDefaults {
            settle_seconds: 0,
            digest_hour: 7,
            remind_hours: 24,
            triggers: BTreeMap::new(),
        };
        let ctx = self.ctx(&self.ann);
        put_default_settings(&ctx, &self.db, command).await.unwrap();
    }

    /// What somebody finds in the app, the first first, as `trigger`.
    pub async fn inbox(&self, who: &Person) -> Vec<NotificationView> {
        let filter = NotificationFilter::default();
        let page = list_notifications(&self.ctx(who), &self.db, filter)
            .await
            .unwrap();
        page.data.into_iter().rev().collect()
    }

    /// The triggers of that.
    pub async fn triggers(&self, who: &Person) -> Vec<Trigger> {
        self.inbox(who)
            .await
            .iter()
            .map(|view| view.trigger)
            .collect()
    }

    /// Time goes by; what is due then is done.
    pub async fn later(&self, by: TimeDelta) {
        self.clock.advance(by);
        self.told().await;
    }

    /// Handles everything that happened, and all that is due; what fails is tried again at once.
    pub async fn told(&self) {
        while self.pass(&self.telling).await || self.pass(&self.mailing).await {}
    }

    /// Handles everything that happened, and sends no mail of it.
    pub async fn heard(&self) {
        while self.pass(&self.telling).await {}
    }

    /// Tries the mail that is due, and what failed before, once; what failed now.
    pub async fn mailed(&self, again: Vec<Incoming>) -> Vec<Incoming> {
        let mut batch = self.due(&self.mailing).await;
        batch.extend(again);
        self.once(&self.mailing, batch).await
    }

    /// The same for a class, once; tells whether there was anything.
    async fn pass<E: Effect>(&self, handler: &ClassHandler<E>) -> bool {
        let mut batch = self.due(handler).await;
        let any = !batch.is_empty();
        while !batch.is_empty() && batch[0].attempt <= E::CLASS.spec().attempts {
            batch = self.once(handler, batch).await;
        }
        any
    }

    /// What the relay would publish of a class.
    async fn due<E: Effect>(&self, _: &ClassHandler<E>) -> Vec<Incoming> {
        let (conn, class, now) = (self.db.conn(), E::CLASS.name(), self.clock.now());
        let mut rows = relaying::events(conn, class, 0, 100).await.unwrap();
        rows.extend(relaying::due_jobs(conn, class, now, 100).await.unwrap());
        let ids: Vec<_> = rows.iter().map(|row| row.row).collect();
        relaying::mark_published(conn, class, &ids, now)
            .await
            .unwrap();
        rows.into_iter().map(|row| self.message(row)).collect()
    }

    /// Hands messages over; those that failed, for the next attempt.
    async fn once<E: Effect>(
        &self,
        handler: &ClassHandler<E>,
        batch: Vec<Incoming>,
    ) -> Vec<Incoming> {
        let verdicts = handler.handle(&batch).await;
        let failed = batch
            .into_iter()
            .zip(verdicts)
            .filter_map(|(message, verdict)| {
                assert!(!matches!(verdict, Verdict::Dead(_)), "{verdict:?}");
                let attempt = message.attempt + 1;
                (verdict != Verdict::Done).then_some(Incoming { attempt, ..message })
            });
        failed.collect()
    }

    /// What the broker would bring.
    fn message(&self, row: Unpublished) -> Incoming {
        let TenantContext { tenant, generation } = self.tenant.context;
        let envelope = Envelope {
            id: EventId::from_uuid(row.id),
            number: match row.row {
                RowId::Event(number) => number,
                RowId::Job(_) => 0,
            },
            tenant,
            generation,
            kind: row.kind,
            version: row.version,
            occurred_at: row.occurred_at,
            traceparent: row.traceparent,
        };
        Incoming {
            envelope,
            attempt: 1,
            redelivered: false,
        }
    }

    /// A group of as many members who were not there before.
    pub async fn group(&self, members: u32) -> GroupId {
        let group = Uuid::now_v7();
        let id = group.simple();
        self.tenant
            .run(&format!(
                "INSERT INTO member_groups (id, name, created_at) VALUES (x'{id}', '{id}', NOW(6))"
            ))
            .await;
        let people: Vec<_> = (0..members).map(|_| Uuid::now_v7().simple()).collect();
        let rows = |row: &dyn Fn(&Simple) -> String| {
            let rows: Vec<_> = people.iter().map(row).collect();
            rows.join(", ")
        };
        let of_members = rows(&|person| {
            format!(
                "(x'{person}', 'Somebody', '{person}@acme.example', 'user', 0, 'active', 1, NOW(6))"
            )
        });
        let of_group = rows(&|person| format!("(x'{id}', x'{person}')"));
        for sql in [
            format!(
                "INSERT INTO members (id, name, email, role, external, state, version, created_at) \
                 VALUES {of_members}"
            ),
            format!("INSERT INTO group_members (group_id, member_id) VALUES {of_group}"),
        ] {
            self.tenant.run(&sql).await;
        }
        GroupId::from_uuid(group)
    }

    /// Counts what handlers ask of the tenant's database.
    pub async fn counter(&self) -> StatementCounter {
        let sql = "SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1)";
        let statement = Statement::from_string(DbBackend::MySql, sql);
        let row = self.db.conn().query_one_raw(statement).await.unwrap();
        let user: String = row.unwrap().try_get_by_index(0).unwrap();
        StatementCounter::start(&user).await
    }

    /// How many rows there are.
    pub async fn rows(&self, table_and_condition: &str) -> i64 {
        self.tenant
            .count(&format!("SELECT COUNT(*) FROM {table_and_condition}"))
            .await
    }

    /// What somebody got, the first first.
    pub async fn mail(&self, who: &Person) -> Vec<Mail> {
        let mut mail = mailbox().messages_to(&who.email).await;
        mail.reverse();
        mail
    }
}

fn new(kind: WorkItemKind, name: &str) -> CreateWorkItem {
    CreateWorkItem {
        kind,
        folder_id: None,
        parent_id: None,
        theme_id: None,
        content: ContentPatch {
            name: Some(name.to_owned()),
            ..ContentPatch::default()
        },
        labels: Vec::new(),
    }
}

fn done<V>(outcome: Outcome<V>) -> V {
    match outcome {
        Outcome::Done(value) => value,
        Outcome::Replayed(_) => panic!("nothing has a key"),
    }
}

async fn person(tenant: &Tenant, name: &str, role: Role, external: bool) -> Person {
    let id = MemberId::from_uuid(Uuid::now_v7());
    let email = mailbox().new_address(&name.to_lowercase());
    let hex = id.as_uuid().simple();
    tenant
        .run(&format!(
            "INSERT INTO members (id, name, email, role, external, state, version, created_at) \
             VALUES (x'{hex}', '{name}', '{email}', '{role}', {external}, 'active', 1, NOW(6))"
        ))
        .await;
    Person {
        id,
        email,
        role,
        external,
    }
}

/// What an event on its way to those who listen says.
pub async fn whispers(office: &Office) -> Vec<Value> {
    let rows = tr_store::live::after(office.db.conn(), 0, 1000)
        .await
        .unwrap();
    rows.into_iter()
        .filter_map(|row| row.event.ok())
        .filter(|row| row.kind.starts_with("notification."))
        .map(|row| row.payload.changes[0].new.clone())
        .collect()
}
