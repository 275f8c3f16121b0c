//! A tenant with people, groups and the default rights, and short ways to make a plan in it.

use std::sync::Arc;

use db::{Placement, PlacementError, Placements, PoolBudget, TenantDb, TenantPools};
use kernel::{
    Actor, FolderId, Generation, IfMatch, MemberId, RequestContext, RequestId, Revision, Role,
    TenantContext, TenantId, WorkItemId,
};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};
use settings::Secret;
use testkit::{Account, TestDb};
use tr_app::views::WorkItemView;
use tr_app::work_items::{
    CompleteWorkItem, CreateWorkItem, MoveWorkItem, PatchWorkItem, WorkItemError,
    complete_work_item, create_work_item, get_work_item, move_work_item, patch_work_item,
};
use tr_app::{Denied, Outcome};
use tr_cache::{Cache, CacheSettings};
use tr_domain::{ContentPatch, ElementType, GateOutcome, WorkItemKind};
use uuid::Uuid;

/// Someone of the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Architect,
    Builder,
    User,
    /// Another user.
    Colleague,
    /// A guest with the role user.
    Guest,
    /// A guest with the role builder.
    Stranger,
}

impl Who {
    pub const ALL: [Self; 6] = [
        Self::Architect,
        Self::Builder,
        Self::User,
        Self::Colleague,
        Self::Guest,
        Self::Stranger,
    ];

    pub fn id(self) -> MemberId {
        MemberId::from_uuid(Uuid::from_u128(0x1000 + self as u128))
    }

    pub const fn role(self) -> Role {
        match self {
            Self::Architect => Role::Architect,
            Self::Builder | Self::Stranger => Role::Builder,
            Self::User | Self::Colleague | Self::Guest => Role::User,
        }
    }

    pub const fn external(self) -> bool {
        matches!(self, Self::Guest | Self::Stranger)
    }
}

/// The system groups, in the order of their ids.
pub const SYSTEM_GROUPS: [&str; 5] = ["architects", "builders", "users", "internal", "external"];

/// The id of a system group.
pub fn system_group(name: &str) -> Uuid {
    let index = SYSTEM_GROUPS.iter().position(|n| *n == name).unwrap();
    Uuid::from_u128(0x2000 + index as u128)
}

/// A tenant.
pub struct World {
    pub db: TenantDb,
    pub account: Account,
    pub root: FolderId,
    pub test_db: TestDb,
    /// Answers in memory only.
    pub cache: Cache,
    pub tenant: TenantContext,
}

struct Fixed(Arc<Placement>);

#[db::async_trait]
impl Placements for Fixed {
    async fn placement(&self, _tenant: TenantId) -> Result<Arc<Placement>, PlacementError> {
        Ok(Arc::clone(&self.0))
    }
}

impl World {
    pub async fn new() -> Self {
        let tenant = TenantContext {
            tenant: TenantId::from_uuid(Uuid::new_v4()),
            generation: Generation(1),
        };
        let test_db = TestDb::tenant(tenant.tenant, tenant.generation).await;
        let account = test_db.runtime_account().await;
        let placement = Placement {
            tenant,
            host: test_db.host().to_owned(),
            port: test_db.port(),
            database: test_db.name().to_owned(),
            user: account.user.clone(),
            password: Secret::new(account.password.clone()),
        };
        let pools = TenantPools::new(PoolBudget::default(), Arc::new(Fixed(Arc::new(placement))));
        let db = pools.get(&tenant).await.unwrap();
        let root = FolderId::from_uuid(tenant.tenant.as_uuid());
        let world = Self {
            db,
            account,
            root,
            test_db,
            cache: Cache::new(CacheSettings::default(), None),
            tenant,
        };
        world.seed().await;
        world
    }

    /// A board as it is answered.
    pub async fn board(&self, who: Who, grid: WorkItemId) -> serde_json::Value {
        let ctx = self.ctx(who);
        let body = tr_app::board::get_board(&ctx, &self.db, &self.cache, grid)
            .await
            .unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    async fn seed(&self) {
        let quoted = |id: Uuid| format!("x'{}'", id.simple());
        let members: Vec<_> = Who::ALL
            .map(|who| {
                let (role, external) = (who.role(), who.external());
                let id = quoted(who.id().as_uuid());
                let email = format!("{who:?}@acme.example").to_lowercase();
                format!("({id}, '{who:?}', '{email}', '{role}', {external}, 'active', 1, NOW(6))")
            })
            .into();
        let groups: Vec<_> = SYSTEM_GROUPS
            .map(|name| {
                format!(
                    "({}, '{name}', '{name}', 1, NOW(6))",
                    quoted(system_group(name))
                )
            })
            .into();
        let root = quoted(self.root.as_uuid());
        let grants: Vec<_> = [("architects", 3), ("builders", 2), ("users", 1)]
            .map(|(group, level)| {
                let id = quoted(Uuid::now_v7());
                let group = quoted(system_group(group));
                format!("({id}, {root}, 'folder', {group}, {level}, 1, NOW(6))")
            })
            .into();
        for (table, columns, rows) in [
            (
                "members",
                "id, name, email, role, external, state, version, created_at",
                members,
            ),
            (
                "member_groups",
                "id, system, name, revision, created_at",
                groups,
            ),
            (
                "grants",
                "id, object_id, object, group_id, level, revision, created_at",
                grants,
            ),
        ] {
            let rows = rows.join(", ");
            self.sql(&format!("INSERT INTO {table} ({columns}) VALUES {rows}"))
                .await;
        }
    }

    /// Executes SQL as the administrator.
    pub async fn sql(&self, sql: &str) {
        self.test_db.conn().execute_unprepared(sql).await.unwrap();
    }

    /// The texts that a query gives as `it`.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let statement = Statement::from_string(DbBackend::MySql, sql);
        let rows = self.test_db.conn().query_all_raw(statement).await.unwrap();
        let text = |row: QueryResult| row.try_get("", "it").unwrap();
        rows.into_iter().map(text).collect()
    }

    /// The single number that a query gives.
    pub async fn number(&self, sql: &str) -> i64 {
        let sql = format!("SELECT CAST(({sql}) AS SIGNED)");
        testkit::number(self.test_db.conn(), &sql).await
    }

    pub fn ctx(&self, who: Who) -> RequestContext {
        RequestContext {
            tenant: self.tenant,
            actor: Actor {
                member: who.id(),
                role: who.role(),
                external: who.external(),
                session: None,
                scopes: None,
            },
            request_id: RequestId::parse("test-request").unwrap(),
            now: testkit::noon(),
        }
    }

    pub async fn create(
        &self,
        who: Who,
        command: CreateWorkItem,
    ) -> Result<WorkItemView, WorkItemError> {
        create_work_item(&self.ctx(who), &self.db, command, None)
            .await
            .map(done)
    }

    pub async fn grid(&self, name: &str) -> WorkItemId {
        let command = CreateWorkItem {
            folder_id: Some(self.root),
            ..new(WorkItemKind::Grid, name)
        };
        self.create(Who::Architect, command).await.unwrap().id
    }

    pub async fn child(&self, kind: WorkItemKind, parent: WorkItemId, name: &str) -> WorkItemId {
        let command = CreateWorkItem {
            parent_id: Some(parent),
            ..new(kind, name)
        };
        self.create(Who::Architect, command).await.unwrap().id
    }

    pub async fn element(
        &self,
        stage: WorkItemId,
        theme: WorkItemId,
        element_type: ElementType,
    ) -> WorkItemId {
        let mut command = CreateWorkItem {
            parent_id: Some(stage),
            theme_id: Some(theme),
            ..new(WorkItemKind::Element, "Element")
        };
        command.content.element_type = Some(element_type);
        self.create(Who::Architect, command).await.unwrap().id
    }

    /// A grid of two stages and two themes, an element with two tasks in the first cell, a gate.
    pub async fn plan(&self) -> Plan {
        let grid = self.grid("Launch").await;
        let stages = [
            self.child(WorkItemKind::Stage, grid, "Discover").await,
            self.child(WorkItemKind::Stage, grid, "Deliver").await,
        ];
        let themes = [
            self.child(WorkItemKind::Theme, grid, "Legal").await,
            self.child(WorkItemKind::Theme, grid, "Product").await,
        ];
        let element = self
            .element(stages[0], themes[0], ElementType::WithTasks)
            .await;
        let tasks = [
            self.child(WorkItemKind::Task, element, "One").await,
            self.child(WorkItemKind::Task, element, "Two").await,
        ];
        let gate = self.child(WorkItemKind::Gate, stages[0], "Go?").await;
        Plan {
            grid,
            stages,
            themes,
            element,
            tasks,
            gate,
        }
    }

    pub async fn get(&self, id: WorkItemId) -> WorkItemView {
        self.get_as(Who::Architect, id).await.unwrap()
    }

    pub async fn get_as(&self, who: Who, id: WorkItemId) -> Result<WorkItemView, WorkItemError> {
        get_work_item(&self.ctx(who), &self.db, id).await
    }

    pub async fn patch(
        &self,
        who: Who,
        id: WorkItemId,
        content: ContentPatch,
    ) -> Result<WorkItemView, WorkItemError> {
        let command = PatchWorkItem {
            id,
            if_match: IfMatch::Any,
            content,
            labels: None,
        };
        patch_work_item(&self.ctx(who), &self.db, command).await
    }

    pub async fn complete(&self, who: Who, id: WorkItemId) -> Result<WorkItemView, WorkItemError> {
        self.decide(who, id, None, None).await
    }

    pub async fn decide(
        &self,
        who: Who,
        id: WorkItemId,
        outcome: Option<GateOutcome>,
        note: Option<&str>,
    ) -> Result<WorkItemView, WorkItemError> {
        let note = note.map(str::to_owned);
        let command = CompleteWorkItem {
            id,
            if_match: IfMatch::Missing,
            outcome,
            note,
        };
        complete_work_item(&self.ctx(who), &self.db, command, None)
            .await
            .map(done)
    }

    pub async fn move_to(
        &self,
        who: Who,
        command: MoveWorkItem,
    ) -> Result<WorkItemView, WorkItemError> {
        move_work_item(&self.ctx(who), &self.db, command, None)
            .await
            .map(done)
    }

    /// Asserts that the counters kept by differences are those counted from nothing.
    pub async fn assert_counts(&self, grid: WorkItemId) {
        let changed = tr_store::work_items::recount(self.test_db.conn(), grid)
            .await
            .unwrap();
        assert_eq!(changed, 0, "counters were wrong");
    }
}

/// A small plan.
pub struct Plan {
    pub grid: WorkItemId,
    pub stages: [WorkItemId; 2],
    pub themes: [WorkItemId; 2],
    pub element: WorkItemId,
    pub tasks: [WorkItemId; 2],
    pub gate: WorkItemId,
}

impl Plan {
    pub fn all(&self) -> Vec<WorkItemId> {
        let mut all = vec![self.grid, self.element, self.gate];
        all.extend(self.stages.iter().chain(&self.themes).chain(&self.tasks));
        all
    }
}

/// A command for a new item that only has a name.
pub fn new(kind: WorkItemKind, name: &str) -> CreateWorkItem {
    CreateWorkItem {
        kind,
        folder_id: None,
        parent_id: None,
        theme_id: None,
        content: named(name),
        labels: vec![],
    }
}

pub fn named(name: &str) -> ContentPatch {
    ContentPatch {
        name: Some(name.into()),
        ..ContentPatch::default()
    }
}

/// A move that goes nowhere yet.
pub fn stay(id: WorkItemId) -> MoveWorkItem {
    MoveWorkItem {
        id,
        if_match: IfMatch::Missing,
        parent_id: None,
        theme_id: None,
        folder_id: None,
        before: None,
        after: None,
    }
}

pub fn revision(n: u32) -> IfMatch {
    IfMatch::Revision(Revision(n))
}

/// What was done now.
pub fn done<V: std::fmt::Debug>(outcome: Outcome<V>) -> V {
    match outcome {
        Outcome::Done(value) => value,
        Outcome::Replayed(answer) => panic!("replayed: {answer:?}"),
    }
}

/// The pointers and codes of a refusal of values.
pub fn faults(error: &WorkItemError) -> Vec<(String, &'static str)> {
    match error {
        WorkItemError::Invalid(faults) => {
            faults.iter().map(|f| (f.pointer.clone(), f.code)).collect()
        }
        other => panic!("not a refusal of values: {other:?}"),
    }
}

#[track_caller]
pub fn assert_denied<V: std::fmt::Debug>(result: Result<V, WorkItemError>, wanted: Denied) {
    match result {
        Err(WorkItemError::Denied(denied)) => assert_eq!(denied, wanted),
        other => panic!("expected {wanted:?}, got {other:?}"),
    }
}
