//! Declaring the topology. Declaring what exists as it is changes nothing; declaring it
//! differently is refused by the broker, and the connection stays down with that reason.

use lapin::{
    Channel, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, LongString},
};

use super::{Binding, Queue, Routing, Topology};
use crate::BrokerError;

impl Topology {
    /// Declares every exchange, queue and binding.
    ///
    /// # Errors
    /// When the broker refuses one of them or goes away.
    pub async fn declare(&self, channel: &Channel) -> Result<(), BrokerError> {
        for exchange in self.exchanges() {
            let kind = match exchange.routing {
                Routing::Direct => ExchangeKind::Direct,
                Routing::Fanout => ExchangeKind::Fanout,
            };
            let options = ExchangeDeclareOptions {
                durable: true,
                ..Default::default()
            };
            let mut arguments = FieldTable::default();
            if let Some(alternate) = &exchange.alternate {
                arguments.insert("alternate-exchange".into(), text(alternate));
            }
            channel
                .exchange_declare(exchange.name.into(), kind, options, arguments)
                .await?;
        }
        for queue in self.queues() {
            declare_queue(channel, queue).await?;
        }
        Ok(())
    }
}

async fn declare_queue(channel: &Channel, queue: Queue) -> Result<(), BrokerError> {
    let arguments = arguments(&queue);
    channel
        .queue_declare(
            queue.name.as_str().into(),
            QueueDeclareOptions::durable(),
            arguments,
        )
        .await?;
    for Binding { exchange, key } in queue.bindings {
        channel
            .queue_bind(
                queue.name.as_str().into(),
                exchange.into(),
                key.into(),
                QueueBindOptions::default(),
                FieldTable::default(),
            )
            .await?;
    }
    Ok(())
}

fn arguments(queue: &Queue) -> FieldTable {
    let mut table = FieldTable::default();
    table.insert("x-queue-type".into(), text("quorum"));
    table.insert("x-delivery-limit".into(), number(queue.delivery_limit));
    if let Some(ttl) = queue.ttl_millis {
        table.insert("x-message-ttl".into(), number(ttl));
    }
    if let Some(length) = queue.max_length {
        table.insert("x-max-length".into(), number(length));
    }
    if let Some((exchange, key)) = &queue.dead_letter {
        table.insert("x-dead-letter-exchange".into(), text(exchange));
        table.insert("x-dead-letter-strategy".into(), text("at-least-once"));
        table.insert("x-overflow".into(), text("reject-publish"));
        if let Some(key) = key {
            table.insert("x-dead-letter-routing-key".into(), text(key));
        }
    }
    table
}

fn number(number: u32) -> AMQPValue {
    AMQPValue::LongLongInt(number.into())
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(text))
}
