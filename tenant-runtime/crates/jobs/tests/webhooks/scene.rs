//! A tenant with webhooks, and what carries events to them.

use std::{sync::Arc, time::Duration};

use broker::{Class, Envelope, Handler, Incoming, Link, LinkOptions, Publisher, Topology, Verdict};
use chrono::{DateTime, Utc};
use clock::Clock;
use db::{Placement, PlacementError, Placements, PoolBudget, TenantPools};
use kernel::{
    Actor, EventId, FolderId, Generation, MemberId, RequestContext, Revision, Role, TenantContext,
    TenantId, WebhookId, WorkItemId,
};
use outbound::{Fetcher, Guard, Names};
use sea_orm::{ConnectionTrait as _, TransactionTrait as _};
use seal::{KeyRing, Purpose, Sealer};
use serde_json::json;
use testkit::TestDb;
use tr_app::webhooks::replay_delivery;
use tr_domain::event::{Event, EventKind, EventPayload, FieldChange, ObjectType};
use tr_jobs::{
    ActiveTenants, ActivityLog, ClassHandler, Relay, RelaySettings, WebhookSender, Workplace,
};
use tr_store::RowId;
use tr_store::outbox::{self, Entry};
use tr_store::relaying::{self, Unpublished};
use tr_store::webhooks::deliveries::{self, DeliveryFilter, DeliveryRow};
use tr_store::webhooks::{self as store, WebhookRow};
use uuid::Uuid;

use crate::support::{TRACE, messages};

/// What the webhooks of a scene sign with.
pub const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
/// The longest that a receiver may take.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// Hands messages over, all of which must be done.
async fn hand_over<E: tr_jobs::Effect>(handler: &ClassHandler<E>, messages: Vec<Envelope>) {
    let batch = messages.into_iter().map(|envelope| Incoming {
        envelope,
        attempt: 1,
        redelivered: false,
    });
    let verdicts = handler.handle(&batch.collect::<Vec<_>>()).await;
    assert!(
        verdicts.iter().all(|verdict| *verdict == Verdict::Done),
        "{verdicts:?}"
    );
}

/// Where the one tenant is.
struct Here(Arc<Placement>);

#[db::async_trait]
impl Placements for Here {
    async fn placement(&self, _: TenantId) -> Result<Arc<Placement>, PlacementError> {
        Ok(Arc::clone(&self.0))
    }
}

pub struct Scene {
    pub tenant: TenantContext,
    pub db: TestDb,
    /// Whom handlers sign in as.
    pub user: String,
    pools: TenantPools,
    sealer: Sealer,
    activity: ClassHandler<ActivityLog>,
    sender: ClassHandler<WebhookSender>,
}

impl Scene {
    /// One whose receivers are on this machine.
    pub async fn new() -> Self {
        Self::with(Fetcher::new(Guard::new(true), Names::new(None), PATIENCE)).await
    }

    pub async fn with(fetcher: Fetcher) -> Self {
        let clock = Clock::system();
        let tenant = TenantContext {
            tenant: clock.new_id(),
            generation: Generation(1),
        };
        let db = TestDb::tenant(tenant.tenant, tenant.generation).await;
        let account = db.runtime_account().await;
        let user = account.user.clone();
        let placement = Placement {
            tenant,
            host: db.host().to_owned(),
            port: db.port(),
            database: db.name().to_owned(),
            user: account.user,
            password: account.password.into(),
        };
        let here = Arc::new(Here(Arc::new(placement)));
        let pools = TenantPools::new(PoolBudget::default(), here);
        let place = place(pools.clone(), clock.clone());
        let sealer = Sealer::new(KeyRing::parse(&seal::new_key_line()).unwrap());
        let sender = WebhookSender::new(Some(sealer.clone()), fetcher, clock);
        Self {
            tenant,
            db,
            user,
            pools,
            sealer,
            activity: place.handler(ActivityLog),
            sender: place.handler(sender),
        }
    }

    /// Carries what waits to its consumers, as relay and broker do, until nothing is due.
    pub async fn carry(&self) {
        while self.pass(&self.activity).await + self.pass(&self.sender).await > 0 {}
    }

    /// Carries everything once more: what was published, and what is planned for later.
    pub async fn carry_again(&self) {
        let events = self.count("SELECT COUNT(*) FROM outbox").await;
        let events = u64::try_from(events).unwrap();
        let again = messages(self.db.conn(), self.tenant, Class::Activity, events).await;
        hand_over(&self.activity, again).await;
        self.run("UPDATE jobs SET published_at = NULL").await;
        self.carry().await;
    }

    /// Hands the same messages about what is due to two workers at once, as when two relays
    /// published them; what each said.
    pub async fn carry_to_two(&self) -> [Vec<Verdict>; 2] {
        let (conn, class) = (self.db.conn(), Class::Webhook.name());
        let due = relaying::due_jobs(conn, class, Utc::now(), 200);
        let batch: Vec<Incoming> = due
            .await
            .unwrap()
            .iter()
            .map(|row| self.incoming(row))
            .collect();
        let (one, other) = (self.sender.clone(), self.sender.clone());
        let (one, other) = tokio::join!(one.handle(&batch), other.handle(&batch));
        [one, other]
    }

    fn incoming(&self, row: &Unpublished) -> Incoming {
        Incoming {
            envelope: self.envelope(row),
            attempt: 1,
            redelivered: false,
        }
    }

    /// Has everything that is planned tried now.
    pub async fn hasten(&self) {
        let sql = "UPDATE jobs SET due_at = UTC_TIMESTAMP(6) WHERE taken_at IS NULL";
        self.run(sql).await;
        self.carry().await;
    }

    /// Replays a delivery as an architect does.
    pub async fn replay(&self, row: &DeliveryRow) {
        let clock = Clock::system();
        let actor = Actor {
            member: clock.new_id(),
            role: Role::Architect,
            external: false,
            session: None,
            scopes: None,
        };
        let ctx = RequestContext {
            tenant: self.tenant,
            actor,
            request_id: clock.new_request_id(),
            now: clock.now(),
        };
        let db = self.pools.get(&self.tenant).await.unwrap();
        let replayed = replay_delivery(&ctx, &db, row.webhook_id, row.id, None);
        replayed.await.unwrap();
    }

    async fn pass<E: tr_jobs::Effect>(&self, handler: &ClassHandler<E>) -> usize {
        let (conn, class, now) = (self.db.conn(), E::CLASS.name(), Utc::now());
        let mut rows = relaying::events(conn, class, 0, 200).await.unwrap();
        rows.extend(relaying::due_jobs(conn, class, now, 200).await.unwrap());
        let batch = rows.iter().map(|row| self.envelope(row)).collect();
        let ids: Vec<RowId> = rows.iter().map(|row| row.row).collect();
        relaying::mark_published(conn, class, &ids, now)
            .await
            .unwrap();
        hand_over(handler, batch).await;
        rows.len()
    }

    fn envelope(&self, row: &Unpublished) -> Envelope {
        Envelope {
            id: EventId::from_uuid(row.id),
            number: match row.row {
                RowId::Event(number) => number,
                RowId::Job(_) => 0,
            },
            tenant: self.tenant.tenant,
            generation: self.tenant.generation,
            kind: row.kind.clone(),
            version: row.version,
            occurred_at: row.occurred_at,
            traceparent: row.traceparent.clone(),
        }
    }

    pub async fn run(&self, sql: &str) {
        self.db.conn().execute_unprepared(sql).await.unwrap();
    }

    /// A whole number from a statement.
    pub async fn count(&self, sql: &str) -> i64 {
        testkit::number(self.db.conn(), sql).await
    }

    pub fn seal(&self, secret: &[u8]) -> Vec<u8> {
        let owner = self.tenant.tenant;
        self.sealer.seal(Purpose::Webhook, owner, secret).unwrap()
    }

    /// A webhook for everything, changed by `change` before it is written.
    pub async fn webhook(&self, url: &str, change: impl FnOnce(&mut WebhookRow)) -> WebhookId {
        let now = Utc::now();
        let mut row = WebhookRow {
            id: WebhookId::from_uuid(Uuid::now_v7()),
            url: url.to_owned(),
            description: String::new(),
            kinds: vec!["*".to_owned()],
            grid_id: None,
            folder_id: None,
            secret: self.seal(SECRET),
            previous_secret: None,
            previous_until: None,
            failures: 0,
            failing_since: None,
            disabled_at: None,
            disabled_reason: None,
            created_by: MemberId::from_uuid(Uuid::now_v7()),
            revision: Revision(1),
            created_at: now,
            updated_at: now,
        };
        change(&mut row);
        store::insert(self.db.conn(), &row).await.unwrap();
        row.id
    }

    /// Commits an event, and has it carried.
    pub async fn event(&self, kind: EventKind, grid: Option<WorkItemId>, folder: Option<FolderId>) {
        let event = changed(kind, grid, folder);
        let actor = MemberId::from_uuid(Uuid::now_v7());
        let entry = Entry {
            id: Uuid::now_v7(),
            kind,
            payload: EventPayload::new(event, actor, "a-request".to_owned()),
            classes: &["activity"],
        };
        let tx = self.db.conn().begin().await.unwrap();
        outbox::append(&tx, vec![entry], Utc::now(), Some(TRACE))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        self.carry().await;
    }

    /// As many events at once, of which the activity log and webhooks hear, and nothing is sent yet.
    pub async fn heard(&self, events: usize) {
        let actor = MemberId::from_uuid(Uuid::now_v7());
        let entries = (0..events).map(|_| {
            let kind = EventKind::WorkItemChanged;
            Entry {
                id: Uuid::now_v7(),
                kind,
                payload: EventPayload::new(
                    changed(kind, None, None),
                    actor,
                    "a-request".to_owned(),
                ),
                classes: &["activity"],
            }
        });
        let tx = self.db.conn().begin().await.unwrap();
        outbox::append(&tx, entries.collect(), Utc::now(), None)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        self.pass(&self.activity).await;
    }

    /// An event that any webhook hears of.
    pub async fn any_event(&self) {
        self.event(EventKind::WorkItemChanged, None, None).await;
    }

    pub async fn find(&self, webhook: WebhookId) -> WebhookRow {
        let found = store::find(self.db.conn(), webhook).await;
        found.unwrap().unwrap()
    }

    /// The deliveries of a webhook, the latest first.
    pub async fn deliveries(&self, webhook: WebhookId) -> Vec<DeliveryRow> {
        let (filter, limit) = (DeliveryFilter::default(), kernel::Limit::default());
        let listed = deliveries::list(self.db.conn(), webhook, &filter, None, limit);
        listed.await.unwrap()
    }

    /// The one delivery of a webhook.
    pub async fn delivery(&self, webhook: WebhookId) -> DeliveryRow {
        let mut rows = self.deliveries(webhook).await;
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows.remove(0)
    }
}

fn changed(kind: EventKind, grid: Option<WorkItemId>, folder: Option<FolderId>) -> Event {
    Event {
        kind,
        object: ObjectType::WorkItem,
        object_id: Uuid::now_v7(),
        grid_id: grid,
        folder_id: folder,
        parent_id: None,
        changes: vec![FieldChange::of("name", json!("before"), json!("after"))],
    }
}

/// What handlers work with; nothing relays, so that the test says when what happens.
fn place(pools: TenantPools, clock: Clock) -> Workplace {
    let link = Link::start(LinkOptions {
        url: "amqp://127.0.0.1:9/%2f".to_owned(),
        name: "nowhere",
        heartbeat: Duration::from_secs(10),
        topology: Topology::new(""),
    });
    let publisher = Publisher::new(link.unwrap());
    let relay = Relay::new(
        pools.clone(),
        publisher,
        clock.clone(),
        RelaySettings::default(),
    );
    Workplace {
        pools,
        clock,
        active: ActiveTenants::default(),
        nudge: relay.nudge(),
    }
}

/// How long something is from now.
pub fn from_now(at: Option<DateTime<Utc>>) -> chrono::TimeDelta {
    at.unwrap() - Utc::now()
}
