//! One of two runtime nodes is killed with 200 requests in flight.

use std::collections::HashMap;

use anyhow::{Context as _, Result, ensure};
use e2e::{
    People, Stack, TenantClient, Wishes,
    client::{Answer, read, text},
};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{MySqlPool, Row as _};

const SLUG: &str = "acme";
const OF_EACH: usize = 50;
const ITEMS: &str = "/api/v1/work-items";

/// What was asked, and the answer.
struct Asked {
    kind: Kind,
    number: usize,
    answer: Answer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Get,
    Keyed,
    Unkeyed,
    Patch,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_once_when_a_node_is_killed() -> Result<()> {
    let mut stack = Stack::with(Wishes {
        // All of them come to one node at last. None is to be refused because it waits for long.
        settings: vec![("TR__POOLS__ACQUIRE_TIMEOUT_MS", "20000".to_owned())],
        ..Wishes::default()
    })
    .await?;
    let world = World::new(&stack).await?;
    let tasks = world.tasks(OF_EACH).await?;

    let mut flying = FuturesUnordered::new();
    for number in 0..OF_EACH {
        let task = tasks.get(number).context("a task")?;
        for kind in [Kind::Get, Kind::Keyed, Kind::Unkeyed, Kind::Patch] {
            flying.push(world.ask(kind, number, task));
        }
    }
    let mut asked = Vec::new();
    while let Some(one) = flying.next().await {
        asked.push(one?);
        // Some are answered, most are under way.
        if asked.len() == 20 {
            stack.kill("runtime-1")?;
        }
    }
    ensure!(asked.len() == 4 * OF_EACH, "{} answers", asked.len());
    let mut lost = 0;
    for one in &asked {
        let status = one.answer.status.as_u16();
        let expected = match one.kind {
            Kind::Get => status == 200,
            Kind::Keyed => status == 201,
            Kind::Unkeyed => status == 201 || status == 502,
            Kind::Patch => status == 200 || status == 502,
        };
        ensure!(
            expected,
            "{:?} {}: {status} {}",
            one.kind,
            one.number,
            one.answer.body
        );
        if status == 502 {
            ensure!(
                text(&one.answer.body, "/code") == "outcome_unknown",
                "{}",
                one.answer.body
            );
            lost += 1;
        }
    }
    ensure!(
        lost > 0,
        "nothing was under way at the node that was killed"
    );
    world.is_what_was_acknowledged(&asked, &tasks).await
}

struct World {
    client: TenantClient,
    cookie: String,
    element: String,
    database: MySqlPool,
}

impl World {
    async fn new(stack: &Stack) -> Result<Self> {
        stack.run(&[
            "tenant",
            "create",
            SLUG,
            "--name",
            "Acme",
            "--architect-name",
            "Ada Farrow",
            "--architect-email",
            "ada@node-loss.example",
            "--wait",
        ])?;
        let central = MySqlPool::connect(stack.central().url()).await?;
        let people = People::of(&central, SLUG).await?;
        let cookie = people.sign_in(people.architect().await?).await?;
        let cookie = format!("trellis={cookie}");
        let row = sqlx::query("SELECT database_name FROM tenant_databases").fetch_one(&central);
        let mut url = url::Url::parse(stack.central().url())?;
        url.set_path(&row.await?.try_get::<String, _>(0)?);
        let database = MySqlPool::connect(url.as_str()).await?;
        let client = TenantClient::new(stack, SLUG)?;
        let mut world = Self {
            client,
            cookie,
            element: String::new(),
            database,
        };
        world.element = world.plan().await?;
        Ok(world)
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client
            .request(method, path)
            .header("cookie", &self.cookie)
    }

    async fn post(&self, body: &Value) -> Result<Value> {
        read(self.request(Method::POST, ITEMS).json(body))
            .await?
            .expect(201)
    }

    async fn plan(&self) -> Result<String> {
        let folders = read(self.request(Method::GET, "/api/v1/folders"))
            .await?
            .expect(200)?;
        let root = text(&folders, "/data/0/id");
        let grid = self
            .post(&json!({ "kind": "grid", "name": "Hall", "folder_id": root }))
            .await?;
        let grid = text(&grid, "/id");
        let stage = json!({ "kind": "stage", "name": "Design", "parent_id": grid });
        let stage = self.post(&stage).await?;
        let theme = json!({ "kind": "theme", "name": "Structure", "parent_id": grid });
        let theme = self.post(&theme).await?;
        let element = json!({
            "kind": "element", "name": "Wall",
            "parent_id": text(&stage, "/id"), "theme_id": text(&theme, "/id"),
        });
        Ok(text(&self.post(&element).await?, "/id").to_owned())
    }

    fn task(&self, name: &str) -> Value {
        json!({ "kind": "task", "name": name, "parent_id": self.element })
    }

    async fn tasks(&self, count: usize) -> Result<Vec<Value>> {
        let mut tasks = Vec::new();
        for number in 0..count {
            tasks.push(self.post(&self.task(&format!("before-{number}"))).await?);
        }
        Ok(tasks)
    }

    async fn ask(&self, kind: Kind, number: usize, task: &Value) -> Result<Asked> {
        let path = format!("{ITEMS}/{}", text(task, "/id"));
        let request = match kind {
            Kind::Get => self.request(Method::GET, &path),
            Kind::Keyed => self
                .request(Method::POST, ITEMS)
                .header("idempotency-key", format!("key-{number}"))
                .json(&self.task(&name(kind, number))),
            Kind::Unkeyed => self
                .request(Method::POST, ITEMS)
                .json(&self.task(&name(kind, number))),
            Kind::Patch => self
                .request(Method::PATCH, &path)
                .header(
                    "if-match",
                    format!("\"{}\"", task.pointer("/revision").context("a revision")?),
                )
                .json(&json!({ "name": name(kind, number) })),
        };
        Ok(Asked {
            kind,
            number,
            answer: read(request).await?,
        })
    }

    async fn is_what_was_acknowledged(&self, asked: &[Asked], tasks: &[Value]) -> Result<()> {
        let rows = sqlx::query("SELECT name, revision FROM work_items WHERE kind = 'task'")
            .fetch_all(&self.database)
            .await?;
        let mut there: HashMap<String, Vec<u32>> = HashMap::new();
        for row in &rows {
            there
                .entry(row.try_get(0)?)
                .or_default()
                .push(row.try_get(1)?);
        }
        let revisions = |name: &str| there.get(name).cloned().unwrap_or_default();
        for one in asked {
            let acknowledged = one.answer.status.is_success();
            let made = revisions(&name(one.kind, one.number));
            let before = revisions(&format!("before-{}", one.number));
            let first = tasks
                .get(one.number)
                .and_then(|task| task.pointer("/revision"));
            let first = first.and_then(Value::as_u64).context("a revision")?;
            let good = match (one.kind, acknowledged) {
                (Kind::Get, _) => true,
                (Kind::Keyed, _) | (Kind::Unkeyed, true) => made.len() == 1,
                (Kind::Unkeyed, false) => made.len() <= 1,
                // Changed once, or, when nobody knows, perhaps not at all.
                (Kind::Patch, true) => made.iter().map(|r| u64::from(*r)).eq([first + 1]),
                (Kind::Patch, false) => made.len() + before.len() == 1,
            };
            ensure!(
                good,
                "{:?} {} {}: {made:?}",
                one.kind,
                one.number,
                one.answer.status
            );
        }
        // The roll-up counts what is there.
        let leaves = "SELECT leaves FROM work_items WHERE kind = 'element'";
        let leaves: u32 = sqlx::query(leaves)
            .fetch_one(&self.database)
            .await?
            .try_get(0)?;
        ensure!(
            usize::try_from(leaves)? == rows.len(),
            "{leaves} leaves, {} tasks",
            rows.len()
        );
        // And each has one event of its creation.
        let events = "SELECT (SELECT COUNT(*) FROM outbox WHERE kind = 'work_item.created' \
             AND class = 'activity') - (SELECT COUNT(*) FROM work_items)";
        let more: i64 = sqlx::query(events)
            .fetch_one(&self.database)
            .await?
            .try_get(0)?;
        ensure!(more == 0, "{more} more events than items");
        Ok(())
    }
}

fn name(kind: Kind, number: usize) -> String {
    format!("{kind:?}-{number}")
}
