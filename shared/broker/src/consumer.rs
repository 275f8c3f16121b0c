//! A consumer of one queue: takes deliveries in batches, has them handled and settles them; comes
//! back after every loss; stops without leaving anything half done.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use lapin::{
    Channel, Consumer,
    message::Delivery,
    options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::{FieldTable, ShortString},
};
use tokio::{
    task::JoinError,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    BrokerError, Class, Handler, Link, Publisher, Session, Tap,
    settle::{Held, Settlement},
};

/// How long stopping waits for what was delivered already.
pub(crate) const DRAIN: Duration = Duration::from_secs(25);

/// What one consumer does.
#[derive(Debug, Clone)]
pub struct ConsumerOptions {
    /// The class.
    pub class: Class,
    /// Which of its queues.
    pub shard: u8,
    /// How many messages a batch holds at most; no more than the class's prefetch.
    pub batch: usize,
    /// How long a batch waits for more after its first message.
    pub window: Duration,
    /// How long stopping waits for what was delivered already; longer work is dropped.
    pub drain: Duration,
    /// Whether it consumes; while closed, messages stay in the queue.
    pub tap: Tap,
}

impl ConsumerOptions {
    /// What suits a class.
    #[must_use]
    pub fn new(class: Class, shard: u8) -> Self {
        Self {
            class,
            shard,
            batch: class.spec().prefetch.into(),
            window: Duration::from_millis(20),
            drain: DRAIN,
            tap: Tap::default(),
        }
    }
}

/// Why consuming ended on a session.
enum Ended {
    /// Properly: told to stop, or the tap is closed.
    Stopped,
    Lost(String),
}

impl From<lapin::Error> for Ended {
    fn from(error: lapin::Error) -> Self {
        Self::Lost(error.to_string())
    }
}

impl From<BrokerError> for Ended {
    fn from(error: BrokerError) -> Self {
        Self::Lost(error.to_string())
    }
}

/// Consumes a queue until told to stop, while its tap is open; lost connections are waited out.
/// What was delivered by then is still handled, as long as that takes no longer than the options
/// say.
pub async fn consume<H: Handler>(
    link: Link,
    publisher: Publisher,
    options: ConsumerOptions,
    handler: Arc<H>,
    stop: CancellationToken,
) {
    let queue = link.topology().queue(options.class, options.shard);
    let worker = Worker {
        link,
        publisher,
        options,
        handler,
        queue,
    };
    let mut last = None;
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = worker.options.tap.turned(true) => {}
        }
        let session = tokio::select! {
            () = stop.cancelled() => return,
            session = worker.link.connected() => match session {
                Ok(session) => session,
                Err(_) => return,
            },
        };
        let again = last == Some(session.epoch);
        last = Some(session.epoch);
        let overdue = async {
            stop.cancelled().await;
            tokio::time::sleep(worker.options.drain).await;
        };
        let ended = tokio::select! {
            ended = worker.run(&session, again, &stop) => ended,
            // What is under way is rolled back where it is, and delivered again.
            () = overdue => {
                warn!(queue = worker.queue, "stopped with messages unhandled; they come again");
                return;
            }
        };
        match ended {
            Ended::Stopped if stop.is_cancelled() => return,
            // The tap was closed, and the channel by us.
            Ended::Stopped => {
                last = None;
                continue;
            }
            Ended::Lost(reason) => {
                warn!(
                    queue = worker.queue,
                    reason, "the consumer lost its channel"
                );
                metrics::counter!("consumer_restarts_total", "class" => worker.options.class.name())
                    .increment(1);
            }
        }
        // Either the session goes down within the pause, or only our channel was closed.
        let pause = timeout(Duration::from_secs(1), worker.link.ended(&session));
        tokio::select! {
            () = stop.cancelled() => return,
            _ = pause => {}
        }
    }
}

/// Has a queue's messages delivered on a channel, so many unacknowledged ones at a time.
pub(crate) async fn subscribe(
    channel: &Channel,
    queue: &str,
    prefetch: u16,
) -> Result<Consumer, BrokerError> {
    // Per consumer, as quorum queues know no other.
    channel
        .basic_qos(prefetch, BasicQosOptions { global: false })
        .await?;
    let deliveries = channel.basic_consume(
        ShortString::from(queue),
        ShortString::default(),
        BasicConsumeOptions::default(),
        FieldTable::default(),
    );
    Ok(deliveries.await?)
}

struct Worker<H> {
    link: Link,
    publisher: Publisher,
    options: ConsumerOptions,
    handler: Arc<H>,
    queue: String,
}

impl<H: Handler> Worker<H> {
    async fn run(&self, session: &Session, again: bool, stop: &CancellationToken) -> Ended {
        let started = self.link.within(session, self.start(session, again));
        match started.await {
            Ok((channel, mut deliveries)) => {
                let mut held = Held::new();
                let stopped = self.until_stopped(session, &mut deliveries, &mut held, stop);
                match stopped.await {
                    Ok(()) => self.finish(session, &channel, &mut deliveries, held).await,
                    Err(ended) => ended,
                }
            }
            Err(error) => Ended::Lost(error.to_string()),
        }
    }

    async fn start(
        &self,
        session: &Session,
        again: bool,
    ) -> Result<(Channel, Consumer), BrokerError> {
        let channel = session.connection.create_channel().await?;
        if again {
            // The connection held and the channel did not: the queue may have been deleted.
            self.link.topology().declare(&channel).await?;
        }
        let prefetch = self.options.class.spec().prefetch;
        let deliveries = subscribe(&channel, &self.queue, prefetch).await?;
        info!(queue = self.queue, prefetch, "consuming");
        Ok((channel, deliveries))
    }

    async fn until_stopped(
        &self,
        session: &Session,
        deliveries: &mut Consumer,
        held: &mut Held,
        stop: &CancellationToken,
    ) -> Result<(), Ended> {
        loop {
            let first = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = self.options.tap.turned(false) => return Ok(()),
                Some(settled) = held.join_next() => {
                    joined(settled)?;
                    continue;
                }
                delivery = deliveries.next() => delivery,
                () = self.link.ended(session) => return Err(BrokerError::Away.into()),
            };
            match first {
                Some(delivery) => self.batch(session, delivery?, deliveries, held).await?,
                None => return Err(Ended::Lost("the broker ended the subscription".to_owned())),
            }
        }
    }

    /// Tells the broker to send no more, handles what it has sent and settles what is held.
    async fn finish(
        &self,
        session: &Session,
        channel: &Channel,
        deliveries: &mut Consumer,
        mut held: Held,
    ) -> Ended {
        let drained = async {
            let cancelled = channel.basic_cancel(deliveries.tag(), BasicCancelOptions::default());
            let cancelled = async { Ok::<_, Ended>(cancelled.await?) };
            self.link.within(session, cancelled).await?;
            let next = async |deliveries: &mut Consumer| {
                let next = async { Ok::<_, Ended>(deliveries.next().await) };
                self.link.within(session, next).await
            };
            while let Some(delivery) = next(deliveries).await? {
                self.batch(session, delivery?, deliveries, &mut held)
                    .await?;
            }
            while let Some(settled) = held.join_next().await {
                joined(settled)?;
            }
            let closed = async { Ok::<_, Ended>(channel.close(200, "stopped".into()).await?) };
            self.link.within(session, closed).await
        };
        match drained.await {
            Err(Ended::Lost(reason)) => {
                warn!(queue = self.queue, reason, "lost the broker while stopping");
            }
            Ok(()) | Err(Ended::Stopped) => info!(queue = self.queue, "consumer stopped"),
        }
        Ended::Stopped
    }

    /// Fills a batch from a first delivery and settles it. When the session ends meanwhile, what is
    /// under way has as long as when stopping: its messages come again anyway.
    async fn batch(
        &self,
        session: &Session,
        first: Delivery,
        deliveries: &mut Consumer,
        held: &mut Held,
    ) -> Result<(), Ended> {
        let until = Instant::now() + self.options.window;
        let mut batch = vec![first];
        let mut ended = None;
        while batch.len() < self.options.batch {
            match timeout_at(until, deliveries.next()).await {
                Ok(Some(Ok(delivery))) => batch.push(delivery),
                Ok(Some(Err(error))) => return Err(error.into()),
                Ok(None) => {
                    ended = Some(Ended::Lost("the broker ended the subscription".to_owned()));
                    break;
                }
                Err(_) => break,
            }
        }
        let settlement = Settlement {
            class: self.options.class,
            link: &self.link,
            session,
            publisher: &self.publisher,
            tap: &self.options.tap,
        };
        let overdue = async {
            self.link.ended(session).await;
            tokio::time::sleep(self.options.drain).await;
        };
        tokio::select! {
            biased;
            settled = settlement.settle(&*self.handler, &batch, held) => settled.map_err(Ended::Lost)?,
            () = overdue => return Err(BrokerError::Away.into()),
        }
        ended.map_or(Ok(()), Err)
    }
}

/// What a task that published copies came to.
fn joined(settled: Result<Result<(), String>, JoinError>) -> Result<(), Ended> {
    let settled = settled.unwrap_or_else(|error| Err(error.to_string()));
    settled.map_err(Ended::Lost)
}
