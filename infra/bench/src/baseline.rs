//! The bare handler that the product is measured against: actix and sqlx, the statement that the
//! product runs, the same columns decoded, the same JSON made. No tenancy, no identity, no problems,
//! no log, no metrics.

use std::env;

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context as _, Result};
use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Serialize, Serializer};
use sqlx::{
    MySqlPool, Row as _,
    mysql::{MySqlPoolOptions, MySqlRow},
};
use uuid::Uuid;

use crate::report;

/// Names of what the process is told.
pub const DATABASE: &str = "BENCH_DATABASE";
/// The statement that the product runs.
pub const STATEMENT: &str = "BENCH_STATEMENT";
/// The member who asks.
pub const MEMBER: &str = "BENCH_MEMBER";
/// As many connections as the product's nodes have together.
const CONNECTIONS: u32 = 16;

struct Baseline {
    pool: MySqlPool,
    statement: String,
    member: Uuid,
}

/// Serves until it is killed; prints its port first.
pub fn serve() -> Result<()> {
    let told = |name: &str| env::var(name).with_context(|| format!("{name} is not set"));
    let (database, statement, member) = (told(DATABASE)?, told(STATEMENT)?, told(MEMBER)?);
    actix_web::rt::System::new().block_on(async move {
        let pool = MySqlPoolOptions::new()
            .max_connections(CONNECTIONS)
            .test_before_acquire(false)
            .connect(&database)
            .await?;
        let member = member.parse()?;
        // sqlx wants to be told that a statement that is not a constant was looked at: it comes
        // from the server's own list of what the product has prepared.
        let state = web::Data::new(Baseline {
            pool,
            statement,
            member,
        });
        let server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .route("/api/v1/work-items/{id}", web::get().to(get))
        })
        .workers(2)
        .bind("127.0.0.1:0")?;
        let port = server.addrs().first().context("it listens nowhere")?.port();
        report::line(&port.to_string());
        Ok(server.run().await?)
    })
}

async fn get(
    state: web::Data<Baseline>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, actix_web::Error> {
    let statement = sqlx::AssertSqlSafe(state.statement.clone());
    let row = sqlx::query(statement)
        .bind(state.member)
        .bind(state.member)
        .bind(id.into_inner())
        .fetch_optional(&state.pool)
        .await
        .map_err(actix_web::error::ErrorInternalServerError)?;
    let Some(row) = row else {
        return Ok(HttpResponse::NotFound().finish());
    };
    let item = Item::read(&row).map_err(actix_web::error::ErrorInternalServerError)?;
    Ok(HttpResponse::Ok()
        .insert_header(("etag", format!("\"{}\"", item.revision)))
        .json(item))
}

#[derive(Serialize)]
struct Label {
    id: Uuid,
    name: String,
    colour: String,
    primary: bool,
}

/// A minute as the API has it.
struct Minute(NaiveDateTime);

impl Serialize for Minute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.format("%Y-%m-%dT%H:%M"))
    }
}

#[derive(Serialize)]
struct Item {
    id: Uuid,
    kind: String,
    name: String,
    description: String,
    grid_id: Uuid,
    parent_id: Option<Uuid>,
    folder_id: Option<Uuid>,
    stage_id: Option<Uuid>,
    theme_id: Option<Uuid>,
    position: i64,
    element_type: Option<String>,
    assignee_id: Option<Uuid>,
    labels: Vec<Label>,
    rag: Option<String>,
    rag_computed: Option<String>,
    completed_at: Option<DateTime<Utc>>,
    progress: Option<f64>,
    outcome: Option<String>,
    start: Option<Minute>,
    finish: Option<Minute>,
    duration_minutes: Option<u32>,
    scheduling: Option<String>,
    constraint: Option<String>,
    constraint_date: Option<Minute>,
    deadline: Option<Minute>,
    calendar_id: Option<Uuid>,
    actual_start: Option<Minute>,
    actual_finish: Option<Minute>,
    remaining_minutes: Option<u32>,
    evidence_required: Option<bool>,
    revision: u32,
    schedule_revision: u32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    deleted_at: Option<DateTime<Utc>>,
}

impl Item {
    fn read(row: &MySqlRow) -> Result<Self, Box<dyn std::error::Error>> {
        let minute = |column: usize| {
            row.try_get::<Option<NaiveDateTime>, _>(column)
                .map(|time| time.map(Minute))
        };
        let completed_at: Option<DateTime<Utc>> = row.try_get(25)?;
        // The counters of the roll-up, which the product decodes too.
        let _: (u32, u32, u32, u64, u64) = (
            row.try_get(26)?,
            row.try_get(27)?,
            row.try_get(28)?,
            row.try_get(29)?,
            row.try_get(30)?,
        );
        let _: Option<String> = row.try_get(32)?;
        let _: Option<Uuid> = row.try_get(38)?;
        let _: Option<u64> = row.try_get(40)?;
        Ok(Self {
            id: row.try_get(0)?,
            kind: row.try_get(1)?,
            grid_id: row.try_get(2)?,
            parent_id: row.try_get(3)?,
            folder_id: row.try_get(4)?,
            stage_id: row.try_get(5)?,
            theme_id: row.try_get(6)?,
            position: row.try_get(7)?,
            name: row.try_get(8)?,
            description: row.try_get(9)?,
            element_type: row.try_get(10)?,
            assignee_id: row.try_get(11)?,
            labels: labels(row.try_get(39)?)?,
            rag: row.try_get(12)?,
            rag_computed: None,
            progress: Some(if completed_at.is_some() { 1.0 } else { 0.0 }),
            completed_at,
            outcome: row.try_get(31)?,
            start: minute(13)?,
            finish: minute(14)?,
            duration_minutes: row.try_get(15)?,
            scheduling: row.try_get(16)?,
            constraint: row.try_get(17)?,
            constraint_date: minute(18)?,
            deadline: minute(19)?,
            calendar_id: row.try_get(20)?,
            actual_start: minute(21)?,
            actual_finish: minute(22)?,
            remaining_minutes: row.try_get(23)?,
            evidence_required: row.try_get(24)?,
            revision: row.try_get(33)?,
            schedule_revision: row.try_get(34)?,
            created_at: row.try_get(35)?,
            updated_at: row.try_get(36)?,
            deleted_at: row.try_get(37)?,
        })
    }
}

fn labels(packed: Option<&str>) -> Result<Vec<Label>, serde_json::Error> {
    let Some(packed) = packed else {
        return Ok(Vec::new());
    };
    let packed: Vec<(Uuid, String, String, u8)> = serde_json::from_str(packed)?;
    let label = |(id, name, colour, primary)| Label {
        id,
        name,
        colour,
        primary: primary != 0,
    };
    Ok(packed.into_iter().map(label).collect())
}
