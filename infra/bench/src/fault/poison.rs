//! One of a hundred events can never take effect, and messages that are none of ours lie between.

use std::time::Duration;

use anyhow::{Context as _, Result};
use lapin::{BasicProperties, Connection, ConnectionProperties, options::BasicPublishOptions};
use serde_json::json;
use sqlx::Row as _;

use super::{
    Findings, Form,
    events::{self, Numbers},
    ledger::Ledger,
    tenant::Tenant,
    world::{World, until},
};
use crate::report::Bar;

/// Events of a batch, and of how many one is poison.
const BATCH: u64 = 100;
const BETWEEN: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_secs(90);
/// What is no message of ours at all.
const GARBAGE: [&[u8]; 4] = [b"", b"{", b"{\"id\":7}", b"\xff\xfe"];

pub async fn run(world: &mut World, form: Form) -> Result<Findings> {
    let (rounds, batches) = (form.pick(2, 10), form.pick(30, 100));
    let tenant = Tenant::new(world).await?;
    let (mut clean, mut poisoned) = (Vec::new(), Vec::new());
    // Taking turns, so that whatever else the machine does falls on both.
    for _ in 0..rounds {
        clean.extend(steadily(&tenant, batches, 0).await?);
        poisoned.extend(steadily(&tenant, batches, BATCH).await?);
    }
    let before = nobodys(world).await?;
    publish_garbage(world).await?;
    let poison = i64::try_from(rounds * batches)?;
    let garbage = i64::try_from(GARBAGE.len())?;
    let audit = Ledger::default().close(&tenant, PATIENCE).await?;
    let all_there = async || {
        let of_tenant = events_of(world, &tenant).await.ok()?;
        let others = nobodys(world).await.ok()? - before;
        (of_tenant >= poison && others >= garbage).then_some((of_tenant, others))
    };
    let ((of_tenant, others), _) = until("the dead letters", PATIENCE, all_there).await?;
    let clean = events::p99_seconds(&events::dwell(&tenant, "activity", &clean).await?);
    let poisoned = events::p99_seconds(&events::dwell(&tenant, "activity", &poisoned).await?);
    #[expect(clippy::cast_precision_loss, reason = "counts of an experiment")]
    let bars = vec![
        Bar::at_most("events not done", audit.undone as f64, 0.0),
        Bar::at_most(
            "effects beyond one per event",
            audit.doubled_effects as f64,
            0.0,
        ),
        Bar::at_most(
            "good events without their effect",
            audit.without_effect as f64,
            0.0,
        ),
        Bar::at_least(
            "poison in the dead letters",
            of_tenant as f64,
            poison as f64,
        ),
        Bar::at_most(
            "good events in the dead letters",
            (of_tenant - poison) as f64,
            0.0,
        ),
        Bar::at_most("p99 with poison ÷ without", poisoned / clean, 2.0),
    ];
    Ok(Findings {
        bars,
        figures: json!({
            "events": audit.events, "poison": poison, "garbage": others,
            "p99_seconds_without": clean, "p99_seconds_with": poisoned,
        }),
    })
}

/// Batch after batch at a steady pace.
async fn steadily(tenant: &Tenant, batches: usize, poison: u64) -> Result<Vec<Numbers>> {
    let mut ticks = tokio::time::interval(BETWEEN);
    let mut numbers = Vec::new();
    for _ in 0..batches {
        ticks.tick().await;
        numbers.push(events::add(tenant, "activity", BATCH, poison).await?);
        // A change by request nudges the relay.
        let name = format!("nudge-{}", uuid::Uuid::now_v7());
        tenant.make_task(&name).await?.expect(201)?;
    }
    Ok(numbers)
}

/// How many events of the tenant are among the dead letters. One that was published by two relays
/// may be there twice.
async fn events_of(world: &World, tenant: &Tenant) -> Result<i64> {
    let query = "SELECT COUNT(DISTINCT event_id) FROM dead_letters WHERE tenant_id = ?";
    let row = sqlx::query(query).bind(tenant.id).fetch_one(&world.central);
    Ok(row.await?.try_get(0)?)
}

/// How many dead letters are nobody's.
async fn nobodys(world: &World) -> Result<i64> {
    let query = "SELECT COUNT(*) FROM dead_letters WHERE tenant_id IS NULL";
    let row = sqlx::query(query).fetch_one(&world.central);
    Ok(row.await?.try_get(0)?)
}

async fn publish_garbage(world: &World) -> Result<()> {
    let connection =
        Connection::connect(&world.broker_url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    for body in GARBAGE {
        let options = BasicPublishOptions::default();
        let properties = BasicProperties::default().with_delivery_mode(2);
        let sent = channel.basic_publish(
            "work".into(),
            "activity.s0".into(),
            options,
            body,
            properties,
        );
        sent.await?.await.context("garbage was not taken")?;
    }
    connection.close(200, "bye".into()).await?;
    Ok(())
}
