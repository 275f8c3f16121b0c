//! A tenant with a small plan, somebody in it who writes, somebody who is told of it, and its
//! database as the administrator sees it.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use e2e::{
    People, TenantClient,
    client::{Answer, read, text},
};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{MySqlPool, Row as _, mysql::MySqlRow};
use uuid::Uuid;

use super::world::World;

const ITEMS: &str = "/api/v1/work-items";
/// A request that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A tenant.
pub struct Tenant {
    pub id: Uuid,
    pub slug: String,
    pub people: People,
    pub database: MySqlPool,
    client: TenantClient,
    cookie: String,
    assignee: Uuid,
    grid: String,
    stages: [String; 2],
    theme: String,
    element: String,
}

/// What changes of a board.
#[derive(Debug, Clone, Copy)]
pub enum Thing {
    /// The element with all tasks.
    Element,
    /// The first stage.
    Stage,
    /// The grid itself.
    Grid,
}

impl Thing {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Element, Self::Stage, Self::Grid];
}

impl Tenant {
    /// A new one.
    pub async fn new(world: &mut World) -> Result<Arc<Self>> {
        let slug = world.next_slug();
        let email = format!("ada@{slug}.example");
        world.stack.run(&[
            "tenant",
            "create",
            &slug,
            "--name",
            "Fault",
            "--architect-name",
            "Ada Farrow",
            "--architect-email",
            &email,
            "--wait",
        ])?;
        let people = People::of(&world.central, &slug).await?;
        let cookie = people.sign_in(people.architect().await?).await?;
        let query = "SELECT database_name FROM tenant_databases WHERE tenant_id = ?";
        let row = sqlx::query(query).bind(people.tenant());
        let name: String = row.fetch_one(&world.central).await?.try_get(0)?;
        let mut url = url::Url::parse(world.stack.central().url())?;
        url.set_path(&name);
        let mut tenant = Self {
            id: people.tenant(),
            client: TenantClient::new(&world.stack, &slug)?,
            slug,
            people,
            database: MySqlPool::connect(url.as_str()).await?,
            cookie: format!("trellis={cookie}"),
            assignee: Uuid::nil(),
            grid: String::new(),
            stages: Default::default(),
            theme: String::new(),
            element: String::new(),
        };
        tenant.assignee = tenant.colleague().await?;
        tenant.plan().await?;
        Ok(Arc::new(tenant))
    }

    /// A request of its architect.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.request_of(&self.cookie, method, path)
    }

    /// A request with this cookie.
    pub fn request_of(&self, cookie: &str, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, path).timeout(PATIENCE);
        request.header("cookie", cookie)
    }

    /// Asks for a task to be made that somebody else is to do. The same name is the same request, however often it is made.
    pub async fn make_task(&self, name: &str) -> Result<Answer> {
        let task = json!({
            "kind": "task", "name": name, "parent_id": self.element, "assignee_id": self.assignee,
        });
        let request = self.request(Method::POST, ITEMS).json(&task);
        read(request.header("idempotency-key", name)).await
    }

    /// Gives something another name.
    pub async fn rename(&self, thing: Thing, name: &str) -> Result<Answer> {
        let path = format!("{ITEMS}/{}", self.id_of(thing));
        let request = self.request(Method::PATCH, &path).header("if-match", "*");
        read(request.json(&json!({ "name": name }))).await
    }

    /// Moves the element to the one stage or the other.
    pub async fn move_element(&self, other: bool) -> Result<Answer> {
        let [one, another] = &self.stages;
        let stage = if other { another } else { one };
        let to = json!({ "parent_id": stage, "theme_id": self.theme });
        let path = format!("{ITEMS}/{}/move", self.element);
        let request = self.request(Method::POST, &path).header("if-match", "*");
        read(request.json(&to)).await
    }

    /// The revision of something on a board, wherever on it it is.
    pub fn revision_on(&self, board: &Value, thing: Thing) -> Option<u64> {
        let id = self.id_of(thing);
        let list = |value: &Value, name: &str| -> Vec<Value> {
            let list = value.get(name).and_then(Value::as_array);
            list.cloned().unwrap_or_default()
        };
        let there: Vec<Value> = match thing {
            Thing::Grid => board.get("grid").cloned().into_iter().collect(),
            Thing::Stage => list(board, "stages"),
            Thing::Element => {
                let cells = list(board, "cells").into_iter();
                cells.flat_map(|cell| list(&cell, "elements")).collect()
            }
        };
        let found = there
            .iter()
            .find(|one| one.get("id").and_then(Value::as_str) == Some(id));
        found?.get("revision")?.as_u64()
    }

    fn id_of(&self, thing: Thing) -> &str {
        match thing {
            Thing::Element => &self.element,
            Thing::Stage => &self.stages[0],
            Thing::Grid => &self.grid,
        }
    }

    /// Asks for the board of its grid.
    pub async fn board(&self) -> Result<Answer> {
        let path = format!("/api/v1/grids/{}/board", self.grid);
        read(self.request(Method::GET, &path)).await
    }

    /// The first row of what the database answers.
    pub async fn row(&self, sql: &'static str) -> Result<MySqlRow> {
        let row = sqlx::query(sql).fetch_one(&self.database).await;
        row.with_context(|| sql.to_owned())
    }

    /// A count in its database.
    pub async fn count(&self, sql: &'static str) -> Result<i64> {
        Ok(self.row(sql).await?.try_get(0)?)
    }

    /// Somebody who is told in the app what they are to do, and gets no mail.
    async fn colleague(&self) -> Result<Uuid> {
        let email = format!("ben@{}.example", self.slug);
        let colleague = self.people.join(&email, "architect", None).await?;
        let insert = "INSERT INTO members (id, name, email, role, external, state, version, \
             created_at) VALUES (?, 'Ben Okafor', ?, 'architect', FALSE, 'active', 1, NOW(6))";
        let insert = sqlx::query(insert).bind(colleague.member).bind(email);
        insert.execute(&self.database).await?;
        let cookie = format!("trellis={}", self.people.sign_in(colleague).await?);
        let settings = json!({ "triggers": { "assigned": { "in_app": true, "mail": "off" } } });
        let put = self.request_of(&cookie, Method::PUT, "/api/v1/notification-settings");
        read(put.json(&settings)).await?.expect(200)?;
        Ok(colleague.member)
    }

    async fn plan(&mut self) -> Result<()> {
        let folders = read(self.request(Method::GET, "/api/v1/folders"));
        let folders = folders.await?.expect(200)?;
        let root = text(&folders, "/data/0/id");
        let post = async |body: Value| -> Result<String> {
            let made = read(self.request(Method::POST, ITEMS).json(&body));
            Ok(text(&made.await?.expect(201)?, "/id").to_owned())
        };
        let grid = post(json!({ "kind": "grid", "name": "Hall", "folder_id": root })).await?;
        let under = |kind: &str| json!({ "kind": kind, "name": kind, "parent_id": grid });
        let stages = [post(under("stage")).await?, post(under("stage")).await?];
        let theme = post(under("theme")).await?;
        let element = json!({
            "kind": "element", "name": "0", "parent_id": stages[0], "theme_id": theme,
        });
        self.element = post(element).await?;
        (self.grid, self.stages, self.theme) = (grid, stages, theme);
        Ok(())
    }
}
