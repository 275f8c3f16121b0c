//! `docs/reference/queues.md`, from the same data that is declared.

use std::fmt::Write as _;

use super::{Binding, CLASSES, Queue, Routing, Topology};

/// The reference of exchanges and queues as Markdown.
#[must_use]
pub fn reference_markdown() -> String {
    let topology = Topology::new("");
    let mut page = String::from(
        "# Queues\n\nGenerated from `shared/broker/src/topology.rs` and `topology/classes.rs`; do not edit.\n\n\
         Every queue here is a durable quorum queue, and all arguments are explicit. Besides, each node \
         that serves has a queue of its own, exclusive and gone with its connection, for what other \
         nodes announce (`shared/broker/src/push.rs`): it may be lost, and nothing depends on it. \
         Messages are persistent, mandatory and confirmed. A message that fails goes through the \
         delay levels, one per attempt, and back to its queue; after its last attempt, or when it \
         can never succeed, it is in `dead.<class>`; what comes back from a delay and has no queue any \
         more is in `dead.unroutable`.\n\n## Classes\n\n\
         | Class | Queues | Consumers | Prefetch | Of a tenant at a time | Attempts | Purpose |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for spec in &CLASSES {
        let last = spec.shards.saturating_sub(1);
        let queues = if last == 0 {
            "s0".to_owned()
        } else {
            format!("s0–s{last}")
        };
        // Writing to a String does not fail.
        let _ = writeln!(
            page,
            "| {name} | `{name}.{queues}` | {} | {} | {} | {} | {} |",
            spec.consumers,
            spec.prefetch,
            spec.outstanding,
            spec.attempts,
            spec.purpose,
            name = spec.name,
        );
    }
    page.push_str("\n## Exchanges\n\n| Exchange | Type | What it has no queue for goes to |\n| --- | --- | --- |\n");
    for exchange in topology.exchanges() {
        let routing = match exchange.routing {
            Routing::Direct => "direct",
            Routing::Fanout => "fanout",
        };
        let alternate = exchange
            .alternate
            .map_or_else(|| "nobody".to_owned(), |other| format!("`{other}`"));
        let _ = writeln!(page, "| `{}` | {routing} | {alternate} |", exchange.name);
    }
    page.push_str(
        "\n## Queues\n\n| Queue | Bound to | Delivery limit | TTL | Most messages | Dead letters |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for queue in topology.queues() {
        page.push_str(&row(&queue));
    }
    page.push_str(
        "\n## Changing an argument\n\nA queue's arguments never change under its name: the broker \
         refuses such a declaration, and the connection stays down with that reason. Change them in \
         `topology/classes.rs` and raise the `generation` beside them. The queue of the new generation \
         (`activity.s0.g2`) is declared beside the old one and bound by the old name as well. \
         `tenant-runtime work` then takes the old one's bindings away, moves its messages over, \
         each acknowledged once the broker confirmed its copy, and deletes it when it is empty and \
         nobody consumes it any more; a delay's old queue empties itself. Programs of the version \
         before go on consuming the old queue meanwhile. A crash on the way has messages twice at \
         worst, which consumers refuse. `queue_generations_retired_total` counts, and the log \
         says, what was moved.\n",
    );
    page.push_str(
        "\nBeside these, `leader.tick.<ring>` is an exclusive queue without messages: whoever's connection \
         holds it leads the timers.\n",
    );
    page
}

fn row(queue: &Queue) -> String {
    let bindings: Vec<_> = queue
        .bindings
        .iter()
        .map(|Binding { exchange, key }| match key.as_str() {
            "" => format!("`{exchange}`"),
            key if key == queue.name => format!("`{exchange}` by its name"),
            key => format!("`{exchange}` by `{key}`"),
        })
        .collect();
    let bindings = bindings.join(", ");
    let ttl = queue
        .ttl_millis
        .map_or_else(|| "none".to_owned(), |ttl| format!("{} s", ttl / 1000));
    let dead = match &queue.dead_letter {
        None => "none".to_owned(),
        Some((exchange, Some(key))) => format!("`{exchange}` by `{key}`"),
        Some((exchange, None)) => format!("`{exchange}` by the key they came with"),
    };
    let most = queue
        .max_length
        .map_or_else(|| "any".to_owned(), |most| most.to_string());
    format!(
        "| `{}` | {bindings} | {} | {ttl} | {most} | {dead} |\n",
        queue.name, queue.delivery_limit
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_reference_names_every_queue() {
        let page = super::reference_markdown();
        for queue in super::Topology::new("").queues() {
            assert!(page.contains(&format!("| `{}` |", queue.name)));
        }
    }
}
