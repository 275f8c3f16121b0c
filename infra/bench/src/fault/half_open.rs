//! The connections to the broker stay open and nothing gets through: what a lost route does.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use super::{
    Findings, Form,
    ledger::Ledger,
    tenant::Tenant,
    world::{HEARTBEAT, WORKER, World, until},
};
use crate::report::Bar;

const LINKS: [&str; 2] = ["link=\"consumers\"", "link=\"relay\""];
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn run(world: &mut World, form: Form) -> Result<Findings> {
    let rounds = form.pick(1, 5);
    let (mut noticed, mut back) = (Vec::new(), Vec::new());
    let tenant = Tenant::new(world).await?;
    for _ in 0..rounds {
        for link in LINKS {
            let connected = world.metric(WORKER, &["broker_connected{", link]).await;
            ensure!(connected == Some(1.0), "{link} is not connected at first");
        }
        world.worker_broker.fall_silent().await?;
        let up = async |value: f64| {
            for link in LINKS {
                if world.metric(WORKER, &["broker_connected{", link]).await != Some(value) {
                    return None;
                }
            }
            Some(())
        };
        let (_, took) = until("silence to be noticed", PATIENCE, async || up(0.0).await).await?;
        noticed.push(took.as_secs_f64());
        world.worker_broker.open().await?;
        let (_, took) = until("the links to be back", PATIENCE, async || up(1.0).await).await?;
        back.push(took.as_secs_f64());
    }
    // And it works.
    let ledger = Ledger::default();
    let started = std::time::Instant::now();
    ensure!(
        tenant.make_task("after").await?.status.as_u16() == 201,
        "no task"
    );
    ledger.acknowledged("after".to_owned(), started.elapsed());
    let audit = ledger.close(&tenant, PATIENCE).await?;
    let slowest = noticed.iter().copied().fold(0.0, f64::max);
    #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
    let limit = 2.0 * HEARTBEAT as f64;
    let mut bars = audit.bars();
    bars.push(Bar::at_most("seconds until it was noticed", slowest, limit));
    Ok(Findings {
        bars,
        figures: json!({
            "rounds": rounds, "heartbeat_seconds": HEARTBEAT,
            "noticed_after_seconds": noticed, "back_after_seconds": back,
        }),
    })
}
