//! Two tenants work side by side on the whole platform, through everything that happens after a
//! request: consumers, notifications, streams, kept boards, metrics and logs. Nothing of the one is
//! anywhere that the other, or whoever looks at logs and metrics, can see it.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::{
    People, Stack, TenantClient, Wishes,
    client::{builder, read, text},
};
use futures_util::{StreamExt as _, future::try_join_all};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{MySqlPool, Row as _};
use testkit::{eventually, services};
use tokio::task::JoinHandle;
use uuid::Uuid;

const ITEMS: &str = "/api/v1/work-items";
const TASKS: usize = 30;
/// How long everything that follows from the work may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The programs that log, and of those the ones with metrics of their own.
const PROGRAMS: [&str; 5] = [
    "control-plane",
    "runtime-1",
    "runtime-2",
    "runtime-work",
    "backoffice",
];
const NODES: [&str; 3] = ["runtime-1", "runtime-2", "runtime-work"];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_tenant_is_seen_by_another_or_in_logs_and_metrics() -> Result<()> {
    let mut settings = vec![("TR__CACHE__SHARE_AFTER_MS", "0".to_owned())];
    let documents = services().mongodb_url.as_ref();
    if let Some(url) = documents {
        let database = format!("apart_{}", Uuid::now_v7().simple());
        let url = format!("{}/{database}", url.trim_end_matches('/'));
        settings.push(("TR__CACHE__URL", url));
    }
    let mut stack = Stack::with(Wishes {
        settings,
        ..Wishes::default()
    })
    .await?;
    let acme = Side::new(&stack, "acme", "kestrel").await?;
    let globex = Side::new(&stack, "globex", "heron").await?;
    let streams = [acme.listen().await?, globex.listen().await?];

    let (ours, theirs) = tokio::try_join!(acme.work(), globex.work())?;
    for side in [&acme, &globex] {
        side.settled().await;
    }
    let mut shown = vec![acme.shown().await?, globex.shown().await?];
    // A node that starts anew finds the boards on the document server.
    let mut logs: Vec<String> = PROGRAMS.iter().map(|name| stack.log(name)).collect();
    for node in ["runtime-1", "runtime-2"] {
        stack.kill(node)?;
        stack.restart_node(node).await?;
    }
    for (shown, side) in shown.iter_mut().zip([&acme, &globex]) {
        shown.push_str(&side.board().await?);
    }
    if documents.is_some() {
        let mut found = 0.0;
        for node in ["runtime-1", "runtime-2"] {
            let text = metrics(&stack, node).await?;
            found += sum(&text, "cache_reads_total", "source=\"documents\"");
        }
        ensure!(found >= 2.0, "{found} boards came from the document server");
    }
    for ((shown, stream), side) in shown.iter_mut().zip(streams).zip([&acme, &globex]) {
        let heard = stream.await?;
        ensure!(heard.contains(&side.grid), "{heard}");
        shown.push_str(&heard);
    }

    let [of_acme, of_globex] = shown.as_slice() else {
        unreachable!("there are two");
    };
    for (what, own, other, side) in [
        (of_acme, &ours, &theirs, &acme),
        (of_globex, &theirs, &ours, &globex),
    ] {
        let foreign = if side.canary == acme.canary {
            &globex
        } else {
            &acme
        };
        ensure!(
            own.iter().all(|id| what.contains(id)),
            "what is one's own is seen"
        );
        ensure!(what.contains(side.canary), "what is one's own is seen");
        ensure!(!what.contains(foreign.canary), "{what}");
        for id in other.iter().chain([&foreign.grid, &foreign.slug]) {
            ensure!(
                !what.contains(id.as_str()),
                "{id} of {} is seen",
                foreign.slug
            );
        }
    }
    logs.extend(PROGRAMS.iter().map(|name| stack.log(name)));
    for log in &logs {
        ensure!(
            !log.contains(acme.canary) && !log.contains(globex.canary),
            "{log}"
        );
    }
    for node in NODES {
        let text = metrics(&stack, node).await?;
        for side in [&acme, &globex] {
            let id = side.people.tenant();
            for word in [
                side.canary,
                &side.slug,
                &id.to_string(),
                &id.simple().to_string(),
            ] {
                ensure!(
                    !text.contains(word),
                    "{word} in the metrics of {node}: {text}"
                );
            }
        }
    }
    Ok(())
}

/// A tenant in which every text holds a word that nothing of the other has.
struct Side {
    canary: &'static str,
    slug: String,
    people: People,
    client: TenantClient,
    architect: String,
    colleague: (Uuid, String),
    grid: String,
    element: String,
    database: MySqlPool,
}

impl Side {
    async fn new(stack: &Stack, slug: &str, canary: &'static str) -> Result<Self> {
        let email = format!("ada@{slug}.example");
        stack.run(&[
            "tenant",
            "create",
            slug,
            "--name",
            slug,
            "--architect-name",
            "Ada Farrow",
            "--architect-email",
            &email,
            "--wait",
        ])?;
        let central = MySqlPool::connect(stack.central().url()).await?;
        let people = People::of(&central, slug).await?;
        let architect = people.sign_in(people.architect().await?).await?;
        let email = format!("ben@{slug}.example");
        let colleague = people.join(&email, "architect", None).await?;
        let name = "SELECT database_name FROM tenant_databases WHERE tenant_id = ?";
        let name = sqlx::query(name).bind(people.tenant()).fetch_one(&central);
        let mut url = url::Url::parse(stack.central().url())?;
        url.set_path(&name.await?.try_get::<String, _>(0)?);
        let database = MySqlPool::connect(url.as_str()).await?;
        let member = "INSERT INTO members (id, name, email, role, external, state, version, \
             created_at) VALUES (?, 'Ben Okafor', ?, 'architect', FALSE, 'active', 1, NOW(6))";
        let member = sqlx::query(member).bind(colleague.member).bind(email);
        member.execute(&database).await?;
        let mut side = Self {
            canary,
            slug: slug.to_owned(),
            client: TenantClient::new(stack, slug)?,
            architect: format!("trellis={architect}"),
            colleague: (
                colleague.member,
                format!("trellis={}", people.sign_in(colleague).await?),
            ),
            people,
            grid: String::new(),
            element: String::new(),
            database,
        };
        side.plan().await?;
        Ok(side)
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let request = self.client.request(method, path);
        let request = request
            .header("cookie", &self.architect)
            .header("if-match", "*");
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = read(request).await?;
        ensure!(answer.status.is_success(), "{path}: {}", answer.body);
        Ok(answer.body)
    }

    async fn plan(&mut self) -> Result<()> {
        let folders = self.ask(Method::GET, "/api/v1/folders", None).await?;
        let named = |kind: &str| format!("{kind} {}", self.canary);
        let make = async |body: Value| -> Result<String> {
            let made = self.ask(Method::POST, ITEMS, Some(&body)).await?;
            Ok(text(&made, "/id").to_owned())
        };
        let folder = text(&folders, "/data/0/id");
        let grid = json!({ "kind": "grid", "name": named("Grid"), "folder_id": folder });
        let grid = make(grid).await?;
        let under = |kind: &str| json!({ "kind": kind, "name": named(kind), "parent_id": grid });
        let (stage, theme) = (make(under("stage")).await?, make(under("theme")).await?);
        let element = json!({
            "kind": "element", "name": named("Element"), "parent_id": stage, "theme_id": theme,
        });
        let element = make(element).await?;
        (self.grid, self.element) = (grid, element);
        Ok(())
    }

    /// Makes tasks for the colleague and changes them, some at a time, and reads boards meanwhile;
    /// the tasks' ids.
    async fn work(&self) -> Result<Vec<String>> {
        let task = async |number: usize| -> Result<String> {
            let body = json!({
                "kind": "task", "name": format!("{} {number}", self.canary),
                "parent_id": self.element, "assignee_id": self.colleague.0,
            });
            let made = self.ask(Method::POST, ITEMS, Some(&body)).await?;
            let id = text(&made, "/id").to_owned();
            let path = format!("{ITEMS}/{id}");
            let change = json!({ "description": format!("of the {}", self.canary) });
            self.ask(Method::PATCH, &path, Some(&change)).await?;
            self.board().await?;
            let complete = format!("{path}/complete");
            self.ask(Method::POST, &complete, Some(&json!({}))).await?;
            Ok(id)
        };
        let mut ids = Vec::new();
        let numbers: Vec<usize> = (0..TASKS).collect();
        for together in numbers.chunks(6) {
            ids.extend(try_join_all(together.iter().map(|number| task(*number))).await?);
        }
        Ok(ids)
    }

    async fn board(&self) -> Result<String> {
        let path = format!("/api/v1/grids/{}/board", self.grid);
        Ok(self.ask(Method::GET, &path, None).await?.to_string())
    }

    /// Waits until everything that follows from what was done is done.
    async fn settled(&self) {
        let left = "SELECT COUNT(*) FROM outbox WHERE done_at IS NULL AND class <> 'schedule'";
        eventually(PATIENCE, async || {
            let count = sqlx::query(left).fetch_one(&self.database).await.ok()?;
            (count.try_get::<i64, _>(0).ok()? == 0).then_some(())
        })
        .await;
    }

    /// All that its people are shown.
    async fn shown(&self) -> Result<String> {
        let mut shown = self.board().await?;
        for path in [
            "/api/v1/work-items?limit=200",
            "/api/v1/activity?limit=200",
            "/api/v1/folders",
            "/api/v1/members",
        ] {
            shown.push_str(&self.ask(Method::GET, path, None).await?.to_string());
        }
        let told = self
            .client
            .request(Method::GET, "/api/v1/notifications?limit=200");
        let told = read(told.header("cookie", &self.colleague.1))
            .await?
            .expect(200)?;
        let count = told
            .pointer("/data")
            .and_then(Value::as_array)
            .context("a list")?
            .len();
        ensure!(count >= TASKS, "{count} notifications: {told}");
        shown.push_str(&told.to_string());
        Ok(shown)
    }

    /// All that the colleague hears from now on, until the node that says it is gone.
    async fn listen(&self) -> Result<JoinHandle<String>> {
        let path = format!("/api/v1/events?topics=me,grid:{}", self.grid);
        let request = self.client.request(Method::GET, &path);
        let response = request.header("cookie", &self.colleague.1).send().await?;
        ensure!(response.status() == 200, "{}", response.status());
        let mut bytes = response.bytes_stream();
        let mut heard = bytes.next().await.context("a hello")??.to_vec();
        Ok(tokio::spawn(async move {
            while let Some(Ok(more)) = bytes.next().await {
                heard.extend_from_slice(&more);
            }
            String::from_utf8_lossy(&heard).into_owned()
        }))
    }
}

async fn metrics(stack: &Stack, node: &str) -> Result<String> {
    let url = format!("http://127.0.0.1:{}/metrics", stack.node_port(node));
    Ok(builder().build()?.get(url).send().await?.text().await?)
}

/// The sum of all series of this name and label.
fn sum(metrics: &str, name: &str, label: &str) -> f64 {
    let lines = metrics
        .lines()
        .filter(|line| line.starts_with(name) && line.contains(label));
    let numbers = lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
    numbers.sum()
}
