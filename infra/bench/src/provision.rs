//! One tenant through the product against the same DDL, accounts, grants and rows piped through the
//! `mariadb` client, in turn, on the same server with the same durability.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use e2e::{Stack, Staff, client};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{MySqlPool, Row as _};
use url::Url;
use uuid::Uuid;

use crate::{report, report::Bar, statistics::median};

const PAIRS: usize = 12;
/// How often the operation is looked at.
const LOOK: Duration = Duration::from_millis(2);
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Serialize)]
struct Figures {
    product_ms: Vec<f64>,
    raw_ms: Vec<f64>,
    ratios: Vec<f64>,
}

/// Runs it. Whether the bar was met.
pub async fn run() -> Result<bool> {
    report::line("provision: starting the platform");
    let stack = Stack::start().await?;
    let central = MySqlPool::connect(stack.central().url()).await?;
    let product = Product::sign_in(&stack, central.clone()).await?;
    // The first of each is not counted: it meets cold caches, and the script is made of its tenant.
    let first = product.provision("pair-model").await?.1;
    let raw = Raw::of(&stack, &central, first).await?;
    raw.provision()?;
    let mut figures = Figures {
        product_ms: Vec::new(),
        raw_ms: Vec::new(),
        ratios: Vec::new(),
    };
    for pair in 0..PAIRS {
        let slug = format!("pair-{pair}");
        let (ours, theirs) = if pair % 2 == 0 {
            let ours = product.provision(&slug).await?.0;
            (ours, raw.provision()?)
        } else {
            let theirs = raw.provision()?;
            (product.provision(&slug).await?.0, theirs)
        };
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        report::line(&format!(
            "pair {pair:>2}: product {:>6.0} ms, raw {:>6.0} ms, ratio {:.2}",
            ms(ours),
            ms(theirs),
            ms(ours) / ms(theirs)
        ));
        figures.product_ms.push(ms(ours));
        figures.raw_ms.push(ms(theirs));
        figures.ratios.push(ms(ours) / ms(theirs));
    }
    raw.clean_up();
    let bar = Bar::at_most("product / raw, median", median(figures.ratios.clone()), 1.5);
    report::conclude("provision", &[bar], &figures)
}

/// The staff API, as the back office uses it.
struct Product {
    http: client::Client,
    base: String,
    central: MySqlPool,
}

impl Product {
    async fn sign_in(stack: &Stack, central: MySqlPool) -> Result<Self> {
        let http = client::builder().cookie_store(true).build()?;
        let base = format!("http://127.0.0.1:{}", stack.ports().staff);
        let product = Self {
            http,
            base,
            central,
        };
        let staff = Staff::owner();
        let body = json!({ "email": staff.email, "password": staff.password });
        product.post("/staff/v1/sign-in", &body).await?;
        product
            .post("/staff/v1/sign-in/totp", &json!({ "code": staff.code()? }))
            .await?;
        Ok(product)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let request = self.http.post(format!("{}{path}", self.base)).json(body);
        let answer = client::read(request).await?;
        ensure!(
            answer.status.is_success(),
            "{path}: {} {}",
            answer.status,
            answer.body
        );
        Ok(answer.body)
    }

    /// From the request to the end of the operation; and the tenant.
    async fn provision(&self, slug: &str) -> Result<(Duration, Uuid)> {
        let body = json!({
            "slug": slug,
            "name": slug,
            "architect": { "name": "Ada Farrow", "email": format!("{slug}@bench.example") },
        });
        let started = Instant::now();
        let accepted = self.post("/staff/v1/tenants", &body).await?;
        let operation: Uuid = client::text(&accepted, "/operation_id").parse()?;
        let tenant: Uuid = client::text(&accepted, "/tenant_id").parse()?;
        loop {
            let state: String = sqlx::query("SELECT state FROM operations WHERE id = ?")
                .bind(operation)
                .fetch_one(&self.central)
                .await?
                .try_get(0)?;
            match state.as_str() {
                "succeeded" => return Ok((started.elapsed(), tenant)),
                "failed" | "cancelled" => anyhow::bail!("the operation is {state}"),
                _ => ensure!(
                    started.elapsed() < PATIENCE,
                    "the operation is still {state}"
                ),
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// What the product did for one tenant, as a script with the names left open.
struct Raw {
    script: String,
    server: Url,
    made: std::cell::RefCell<Vec<String>>,
}

const DATABASE: &str = "@database@";
const RUNTIME: &str = "@runtime@";
const MIGRATOR: &str = "@migrator@";

impl Raw {
    async fn of(stack: &Stack, central: &MySqlPool, tenant: Uuid) -> Result<Self> {
        let server = Url::parse(stack.central().url())?;
        let row = sqlx::query(
            "SELECT database_name, runtime_user, migrator_user FROM tenant_databases \
             WHERE tenant_id = ?",
        )
        .bind(tenant)
        .fetch_one(central)
        .await?;
        let names: [String; 3] = [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?];
        let [database, runtime, migrator] = &names;
        let mut script = text(central, &format!("SHOW CREATE DATABASE `{database}`"), 1).await?;
        script.push_str(";\n");
        for user in [runtime, migrator] {
            script += &text(central, &format!("SHOW CREATE USER `{user}`@`%`"), 0).await?;
            script.push_str(";\n");
            let grants = sqlx::AssertSqlSafe(format!("SHOW GRANTS FOR `{user}`@`%`"));
            // The first says again what CREATE USER said.
            for grant in sqlx::query(grants).fetch_all(central).await?.iter().skip(1) {
                script += &grant.try_get::<String, _>(0)?;
                script.push_str(";\n");
            }
        }
        script += &format!("USE `{database}`;\n");
        for migration in migrations()? {
            script += &migration;
            script.push('\n');
        }
        script += &let_in(central, database).await?;
        let ledger = format!("SHOW CREATE TABLE `{database}`.refinery_schema_history");
        script += &text(central, &ledger, 1).await?;
        script.push_str(";\n");
        script += &rows(&server, database)?;
        let script = script
            .replace(database.as_str(), DATABASE)
            .replace(runtime.as_str(), RUNTIME)
            .replace(migrator.as_str(), MIGRATOR);
        Ok(Self {
            script,
            server,
            made: std::cell::RefCell::default(),
        })
    }

    /// Pipes the script through the client, with new names.
    fn provision(&self) -> Result<Duration> {
        let name = Uuid::new_v4().simple().to_string();
        let name = name.get(..26).context("it is long enough")?;
        let script = self
            .script
            .replace(DATABASE, &format!("t{name}"))
            .replace(RUNTIME, &format!("r_{name}"))
            .replace(MIGRATOR, &format!("m_{name}"));
        self.made.borrow_mut().push(name.to_owned());
        let started = Instant::now();
        pipe(&self.server, &script)?;
        Ok(started.elapsed())
    }

    fn clean_up(&self) {
        for name in self.made.borrow().iter() {
            let script = format!(
                "DROP DATABASE IF EXISTS `t{name}`; DROP USER IF EXISTS `r_{name}`@`%`, `m_{name}`@`%`;"
            );
            // What stays behind only takes room until the server's next start.
            let _ = pipe(&self.server, &script);
        }
    }
}

/// What lets the server's sweep account into the database, whose tables are there.
async fn let_in(central: &MySqlPool, database: &str) -> Result<String> {
    let user = text(central, "SELECT user_name FROM sweep_accounts", 0).await?;
    let grants = sqlx::AssertSqlSafe(format!("SHOW GRANTS FOR `{user}`@`%`"));
    let mut script = String::new();
    for grant in sqlx::query(grants).fetch_all(central).await? {
        let grant: String = grant.try_get(0)?;
        if grant.contains(database) {
            script += &grant;
            script.push_str(";\n");
        }
    }
    Ok(script)
}

async fn text(central: &MySqlPool, query: &str, column: usize) -> Result<String> {
    let row = sqlx::query(sqlx::AssertSqlSafe(query.to_owned()))
        .fetch_one(central)
        .await?;
    Ok(row.try_get(column)?)
}

/// The tenant's migrations in their order.
fn migrations() -> Result<Vec<String>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/tenant");
    let mut files: Vec<_> = std::fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
    files.sort_by_key(std::fs::DirEntry::file_name);
    files
        .iter()
        .map(|file| Ok(std::fs::read_to_string(file.path())?))
        .collect()
}

/// The rows of a database as inserts.
fn rows(server: &Url, database: &str) -> Result<String> {
    let output = command(server, "mariadb-dump")?
        .args([
            "--no-create-info",
            "--skip-triggers",
            "--skip-add-locks",
            "--skip-disable-keys",
        ])
        .args(["--skip-comments", "--hex-blob", "--skip-tz-utc", database])
        .output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

fn pipe(server: &Url, script: &str) -> Result<()> {
    let mut client = command(server, "mariadb")?
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    client
        .stdin
        .take()
        .context("it reads")?
        .write_all(script.as_bytes())?;
    let output = client.wait_with_output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// A client of the server, whose password is not in its command line.
fn command(server: &Url, program: &str) -> Result<Command> {
    let mut command = Command::new(program);
    let port = server.port().unwrap_or(3306).to_string();
    command
        .args([
            "--host",
            server.host_str().context("a host")?,
            "--port",
            &port,
        ])
        .args(["--user", server.username()])
        .env("MYSQL_PWD", server.password().unwrap_or_default());
    Ok(command)
}
