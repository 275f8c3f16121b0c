//! One sweep of the product's own over a thousand tenants on one server, with a sweep account, a few
//! of which have something that waits. The databases hold what is swept and nothing else.

use std::{collections::HashMap, time::Instant};

use anyhow::{Context as _, Result, ensure};
use chrono::Utc;
use db::SweepAddress;
use futures_util::{StreamExt as _, stream};
use kernel::{Generation, ServerId, TenantContext, TenantId};
use serde::Serialize;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, MySqlConnection, MySqlPool};
use testkit::{TestDb, TestSweeper};
use tr_jobs::{RingError, SweepPage, SweepRing, SweepTenant, sweep_once};
use uuid::Uuid;

use crate::statistics::percentile;

const TENANTS: usize = 1_000;
/// Every so many tenants one has something that waits.
const WAITING: usize = 50;
/// Tenants of a page, as the control plane lists them.
const PAGE: usize = 500;
const SWEEPS: usize = 20;
/// Databases made at a time.
const MAKERS: usize = 8;

/// How the sweeps went.
#[derive(Debug, Serialize)]
pub struct Swept {
    pub tenants: usize,
    pub found: usize,
    pub p50_ms: f64,
    pub slowest_ms: f64,
}

/// Makes the databases, sweeps them again and again, and drops them.
pub async fn measure() -> Result<Swept> {
    let model = TestDb::tenant(TenantId::from_uuid(Uuid::now_v7()), Generation(1)).await;
    let sweeper = TestSweeper::new().await;
    let mut conn = MySqlConnection::connect(model.url()).await?;
    let names: Vec<String> = (0..TENANTS)
        .map(|number| format!("{}_{number}", model.name()))
        .collect();
    let swept = async {
        make(&mut conn, &model, &names).await?;
        let databases: Vec<&str> = names.iter().map(String::as_str).collect();
        sweeper.may_look_at(&databases).await;
        sweep(&Ring::of(&sweeper, &names)).await
    }
    .await;
    for name in &names {
        run(&mut conn, format!("DROP DATABASE IF EXISTS `{name}`")).await?;
    }
    swept
}

/// The tenants as the control plane would list them.
struct Ring {
    tenants: Vec<SweepTenant>,
    servers: HashMap<ServerId, SweepAddress>,
}

impl Ring {
    fn of(sweeper: &TestSweeper, names: &[String]) -> Self {
        let server = ServerId::from_uuid(Uuid::now_v7());
        let address = SweepAddress {
            host: sweeper.host.clone(),
            port: sweeper.port,
            user: sweeper.user.clone(),
            password: sweeper.password.clone().into(),
        };
        let tenant = |name: &String| SweepTenant {
            tenant: TenantContext {
                tenant: TenantId::from_uuid(Uuid::now_v7()),
                generation: Generation(1),
            },
            database: Some((server, name.clone())),
        };
        Self {
            tenants: names.iter().map(tenant).collect(),
            servers: HashMap::from([(server, address)]),
        }
    }
}

impl SweepRing for Ring {
    async fn swept(&self, after: Option<TenantId>) -> Result<SweepPage, RingError> {
        let rest = match after {
            None => self.tenants.as_slice(),
            Some(after) => {
                let mut parts = self.tenants.splitn(2, |one| one.tenant.tenant == after);
                parts.nth(1).unwrap_or_default()
            }
        };
        let tenants: Vec<_> = rest.iter().take(PAGE).cloned().collect();
        let more = rest.len() > tenants.len();
        Ok(SweepPage {
            next: tenants
                .last()
                .filter(|_| more)
                .map(|last| last.tenant.tenant),
            tenants,
            servers: self.servers.clone(),
        })
    }
}

async fn make(conn: &mut MySqlConnection, model: &TestDb, names: &[String]) -> Result<()> {
    let (model, model_url) = (model.name(), model.url().to_owned());
    run(
        conn,
        format!(
            "INSERT INTO `{model}`.outbox (number, class, event_id, kind, version, payload, \
             occurred_at, published_at, done_at) SELECT seq, 'activity', UNHEX(MD5(seq)), \
             'work_item.changed', 1, '{{}}', NOW(6), NOW(6), NOW(6) FROM seq_1_to_20"
        ),
    )
    .await?;
    let pool = MySqlPool::connect(&model_url).await?;
    let each = names.iter().enumerate().map(|(number, name)| {
        let pool = pool.clone();
        async move {
            let mut conn = pool.acquire().await?;
            make_one(&mut conn, model, name, number % WAITING == 0).await
        }
    });
    let mut made = stream::iter(each).buffer_unordered(MAKERS);
    while let Some(one) = made.next().await {
        one?;
    }
    Ok(())
}

async fn make_one(conn: &mut MySqlConnection, model: &str, name: &str, waits: bool) -> Result<()> {
    run(conn, format!("CREATE DATABASE `{name}`")).await?;
    for table in ["outbox", "jobs"] {
        let table = format!("CREATE TABLE `{name}`.{table} LIKE `{model}`.{table}");
        run(conn, table).await?;
    }
    let rows = format!("INSERT INTO `{name}`.outbox SELECT * FROM `{model}`.outbox");
    run(conn, rows).await?;
    if waits {
        let waits = format!(
            "UPDATE `{name}`.outbox SET published_at = NULL, done_at = NULL WHERE number > 15"
        );
        run(conn, waits).await?;
    }
    Ok(())
}

async fn sweep(ring: &Ring) -> Result<Swept> {
    let mut taken = Vec::new();
    let mut found = 0;
    for _ in 0..SWEEPS {
        let started = Instant::now();
        found = 0;
        let tell = |_, finding: tr_jobs::Finding| found += usize::from(finding.waits);
        let swept = sweep_once(ring, Utc::now(), tell).await?;
        taken.push(u64::try_from(started.elapsed().as_micros())?);
        ensure!(
            (swept.tenants, swept.one_by_one) == (TENANTS, 0),
            "{swept:?}"
        );
    }
    ensure!(found == TENANTS / WAITING, "{found} tenants were found");
    taken.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "microseconds")]
    let ms = |micros: u64| micros as f64 / 1000.0;
    Ok(Swept {
        tenants: TENANTS,
        found,
        p50_ms: ms(percentile(&taken, 0.50)),
        slowest_ms: ms(*taken.last().context("no sweep")?),
    })
}

async fn run(conn: &mut MySqlConnection, sql: String) -> Result<()> {
    conn.execute(AssertSqlSafe(sql)).await?;
    Ok(())
}
