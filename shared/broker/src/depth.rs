//! How full the queues are, asked of the broker itself.

use lapin::{Channel, options::QueueDeclareOptions, types::FieldTable};

use crate::{BrokerError, Class, Link, topology::CLASSES};

/// How full the queues of a class are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// The class.
    pub class: Class,
    /// Messages that wait to be delivered; those with a consumer are not among them.
    pub ready: u64,
    /// Dead messages that nobody has taken away yet.
    pub dead: u64,
    /// Consumers of all its queues, in every process.
    pub consumers: u32,
}

impl Link {
    /// How full every class's queues are.
    ///
    /// # Errors
    /// When the broker is away, or a queue is not there.
    pub async fn depths(&self) -> Result<Vec<Depth>, BrokerError> {
        let session = self.session().ok_or(BrokerError::Away)?;
        let asked = async {
            // Of its own, since a queue that is missing costs the channel.
            let channel = session.connection.create_channel().await?;
            let mut depths = Vec::with_capacity(CLASSES.len());
            for spec in &CLASSES {
                depths.push(self.depth(&channel, spec.class).await?);
            }
            channel.close(200, "asked".into()).await?;
            Ok(depths)
        };
        tokio::select! {
            biased;
            depths = asked => depths,
            // The client does not answer every call that a lost connection leaves open.
            () = self.ended(&session) => Err(BrokerError::Away),
        }
    }

    async fn depth(&self, channel: &Channel, class: Class) -> Result<Depth, BrokerError> {
        let (mut ready, mut consumers) = (0, 0);
        for shard in 0..class.spec().shards {
            let (messages, of) = ask(channel, self.topology().queue(class, shard)).await?;
            ready += u64::from(messages);
            consumers += of;
        }
        let (dead, _) = ask(channel, self.topology().dead_queue(class)).await?;
        Ok(Depth {
            class,
            ready,
            dead: dead.into(),
            consumers,
        })
    }
}

/// A queue's messages and consumers.
async fn ask(channel: &Channel, queue: String) -> Result<(u32, u32), BrokerError> {
    let options = QueueDeclareOptions::durable().passive();
    let queue = channel
        .queue_declare(queue.into(), options, FieldTable::default())
        .await?;
    Ok((queue.message_count(), queue.consumer_count()))
}
