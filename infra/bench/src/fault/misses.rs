//! Two hundred ask at once for a board that nobody has computed yet.

use anyhow::{Context as _, Result};
use futures_util::future::try_join_all;
use serde_json::json;

use super::{
    Findings, Form,
    tenant::{Tenant, Thing},
    world::{NODES, World},
};
use crate::report::Bar;

const ASKING: usize = 200;
const COMPUTED: [&str; 2] = ["cache_reads_total", "source=\"computed\""];

pub async fn run(world: &mut World, form: Form) -> Result<Findings> {
    let rounds = form.pick(5, 50);
    let tenant = Tenant::new(world).await?;
    let (mut most, mut computed, mut wrong) = (0.0_f64, 0.0, 0);
    for round in 0..rounds {
        let name = format!("round {round}");
        // Another version of the grid: what was kept is of no use.
        tenant.rename(Thing::Element, &name).await?.expect(200)?;
        let before = by_node(world).await?;
        let answers = try_join_all((0..ASKING).map(|_| tenant.board())).await?;
        for answer in answers {
            let seen = answer.body.pointer("/cells/0/elements/0/name");
            wrong += usize::from(seen.and_then(|name| name.as_str()) != Some(&name));
        }
        for (now, before) in by_node(world).await?.into_iter().zip(before) {
            most = most.max(now - before);
            computed += now - before;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of an experiment")]
    let bars = vec![
        Bar::at_most("computed by one process in one round", most, 1.0),
        Bar::at_least("computed in all", computed, rounds as f64),
        Bar::at_most("wrong answers", wrong as f64, 0.0),
    ];
    Ok(Findings {
        bars,
        figures: json!({ "rounds": rounds, "asking_at_once": ASKING, "computed": computed }),
    })
}

/// How often each node has computed.
async fn by_node(world: &World) -> Result<Vec<f64>> {
    let mut counts = Vec::new();
    for node in NODES {
        let count = world.metric(node, &COMPUTED).await;
        counts.push(count.context("a node does not tell its metrics")?);
    }
    Ok(counts)
}
