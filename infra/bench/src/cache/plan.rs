//! A tenant with two boards of 5,000 tasks and a full folder, and somebody who reads them by the grant of a
//! group.

use anyhow::Result;
use chrono::Utc;
use db::TenantDb;
use kernel::{
    Actor, FolderId, IfMatch, MemberId, RequestContext, RequestId, Role, TenantContext, WorkItemId,
};
use sea_orm::ConnectionTrait as _;
use tr_app::{
    Outcome,
    work_items::{CreateWorkItem, PatchWorkItem, create_work_item, patch_work_item},
};
use tr_cache::Documents;
use tr_domain::{ContentPatch, ElementType, WorkItemKind};
use uuid::Uuid;

use crate::tenancy::{Tenancy, Tenant};

/// What a board has of each; 5,000 tasks in all. A board shows its elements with the count of their
/// tasks, so that it is the elements that make it large.
struct Shape {
    kind: &'static str,
    stages: usize,
    themes: usize,
    /// In each cell.
    elements: usize,
    /// In each element.
    tasks: usize,
}

const SHAPES: [Shape; 2] = [
    Shape {
        kind: "board, 250 elements",
        stages: 10,
        themes: 5,
        elements: 5,
        tasks: 20,
    },
    Shape {
        kind: "board, 2500 elements",
        stages: 25,
        themes: 20,
        elements: 5,
        tasks: 2,
    },
];
const GRIDS: usize = 500;

/// A grid that is read as a board.
pub struct Board {
    pub kind: &'static str,
    pub grid: WorkItemId,
    /// One of its elements.
    pub element: WorkItemId,
}

/// The tenant.
pub struct Plan {
    pub db: TenantDb,
    pub boards: Vec<Board>,
    pub folder: FolderId,
    context: TenantContext,
    tenant: Tenant,
    _tenancy: Tenancy,
}

impl Plan {
    /// Makes everything.
    pub async fn make() -> Result<Self> {
        let tenancy = Tenancy::new();
        let tenant = tenancy.tenant(Uuid::now_v7()).await;
        let context = tenant.context;
        let root = context.tenant.as_uuid();
        people(&tenant, root).await?;
        let mut plan = Self {
            db: tenancy.pools.get(&context).await?,
            boards: Vec::new(),
            folder: FolderId::from_uuid(root),
            context,
            tenant,
            _tenancy: tenancy,
        };
        for number in 2..GRIDS {
            plan.grid(number).await?;
        }
        for (number, shape) in SHAPES.iter().enumerate() {
            let grid = plan.grid(number).await?;
            plan.boards.push(plan.board(grid, shape).await?);
        }
        plan.tenant
            .database
            .conn()
            .execute_unprepared("ANALYZE TABLE work_items, grants, elements, tasks")
            .await?;
        Ok(plan)
    }

    /// Somebody who may only read.
    pub fn context(&self) -> RequestContext {
        self.context_of(Role::User)
    }

    /// Writes into the board, so that what was kept of it is not given any more.
    pub async fn change(&self, board: &Board) -> Result<()> {
        let command = PatchWorkItem {
            id: board.element,
            if_match: IfMatch::Any,
            content: named(&format!("Curtain wall {}", Uuid::now_v7())),
            labels: None,
        };
        patch_work_item(&self.context_of(Role::Architect), &self.db, command).await?;
        Ok(())
    }

    /// Where answers are kept beside the process.
    pub async fn documents(&self) -> Result<Option<Documents>> {
        super::documents(&format!("bench_{}", self.context.tenant.as_uuid().simple())).await
    }

    fn context_of(&self, role: Role) -> RequestContext {
        RequestContext {
            tenant: self.context,
            actor: Actor {
                member: member(role),
                role,
                external: false,
                session: None,
                scopes: None,
            },
            request_id: RequestId::from_uuid(Uuid::now_v7()),
            now: Utc::now(),
        }
    }

    async fn grid(&self, number: usize) -> Result<WorkItemId> {
        let command = CreateWorkItem {
            folder_id: Some(self.folder),
            ..new(WorkItemKind::Grid, &format!("Hall {number}"))
        };
        self.create(command).await
    }

    async fn board(&self, grid: WorkItemId, shape: &Shape) -> Result<Board> {
        let under = |kind, name: String, parent| CreateWorkItem {
            parent_id: Some(parent),
            ..new(kind, &name)
        };
        let mut themes = Vec::new();
        for number in 0..shape.themes {
            let theme = under(WorkItemKind::Theme, format!("Theme {number}"), grid);
            themes.push(self.create(theme).await?);
        }
        let mut element = grid;
        for number in 0..shape.stages {
            let stage = under(WorkItemKind::Stage, format!("Stage {number}"), grid);
            let stage = self.create(stage).await?;
            for theme in &themes {
                for number in 0..shape.elements {
                    let name = format!("Element {number}");
                    let mut command = under(WorkItemKind::Element, name, stage);
                    command.theme_id = Some(*theme);
                    command.content.element_type = Some(ElementType::WithTasks);
                    element = self.create(command).await?;
                }
            }
        }
        self.tasks(grid, shape.tasks).await?;
        let kind = shape.kind;
        Ok(Board {
            kind,
            grid,
            element,
        })
    }

    /// Tasks in all elements of a grid, by statement: one after the other they would take minutes.
    async fn tasks(&self, grid: WorkItemId, each: usize) -> Result<()> {
        let conn = self.tenant.database.conn();
        let author = member(Role::Architect).as_uuid().simple();
        let of = grid.as_uuid().simple();
        conn.execute_unprepared(&format!(
            "INSERT INTO work_items (id, kind, grid_id, parent_id, stage_id, theme_id, position, \
             name, description, scheduling, duration_minutes, revision, created_at, created_by, \
             updated_at) \
             SELECT UNHEX(MD5(CONCAT(HEX(e.id), s.seq))), 'task', e.grid_id, e.id, e.stage_id, \
             e.theme_id, s.seq * 1000, CONCAT('Check bay ', s.seq), \
             'Measure both diagonals and the sill before the frame is fixed.', 'auto', 240, 1, \
             NOW(6), x'{author}', NOW(6) \
             FROM work_items e JOIN seq_1_to_{each} s \
             WHERE e.kind = 'element' AND e.grid_id = x'{of}'"
        ))
        .await?;
        conn.execute_unprepared(&format!(
            "INSERT INTO tasks (work_item_id) \
             SELECT id FROM work_items WHERE kind = 'task' AND grid_id = x'{of}'"
        ))
        .await?;
        tr_store::work_items::recount(conn, grid).await?;
        Ok(())
    }

    async fn create(&self, command: CreateWorkItem) -> Result<WorkItemId> {
        let context = self.context_of(Role::Architect);
        match create_work_item(&context, &self.db, command, None).await? {
            Outcome::Done(item) => Ok(item.id),
            Outcome::Replayed(_) => anyhow::bail!("replayed without a key"),
        }
    }
}

/// A member of each role, their groups, and the grants that every tenant begins with.
async fn people(tenant: &Tenant, root: Uuid) -> Result<()> {
    let conn = tenant.database.conn();
    for (number, (role, group, level)) in [
        (Role::Architect, "architects", 3),
        (Role::Builder, "builders", 2),
        (Role::User, "users", 1),
    ]
    .into_iter()
    .enumerate()
    {
        let (id, member) = (Uuid::from_u128(0x2000 + number as u128), member(role));
        let (id, member) = (id.simple(), member.as_uuid().simple());
        conn.execute_unprepared(&format!(
            "INSERT INTO members (id, name, email, role, external, state, version, created_at) \
             VALUES (x'{member}', '{group}', '{group}@bench.example', '{role}', FALSE, 'active', 1, \
             NOW(6))"
        ))
        .await?;
        conn.execute_unprepared(&format!(
            "INSERT INTO member_groups (id, system, name, revision, created_at) \
             VALUES (x'{id}', '{group}', '{group}', 1, NOW(6))"
        ))
        .await?;
        conn.execute_unprepared(&format!(
            "INSERT INTO grants (id, object_id, object, group_id, level, revision, created_at) \
             VALUES (x'{id}', x'{}', 'folder', x'{id}', {level}, 1, NOW(6))",
            root.simple()
        ))
        .await?;
    }
    Ok(())
}

fn member(role: Role) -> MemberId {
    MemberId::from_uuid(Uuid::from_u128(0x1000 + role as u128))
}

fn new(kind: WorkItemKind, name: &str) -> CreateWorkItem {
    CreateWorkItem {
        kind,
        folder_id: None,
        parent_id: None,
        theme_id: None,
        content: named(name),
        labels: Vec::new(),
    }
}

fn named(name: &str) -> ContentPatch {
    ContentPatch {
        name: Some(name.to_owned()),
        ..ContentPatch::default()
    }
}
