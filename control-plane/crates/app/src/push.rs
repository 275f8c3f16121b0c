//! What one process tells the others at once, over Redis pub/sub. A push only hurries what a
//! process would find out by itself, so losing some is harmless: when the connection breaks, and
//! when there is one again, everybody is told to look at everything.

use std::time::Duration;

use cp_domain::TokenHash;
use futures_util::StreamExt as _;
use kernel::{OperationId, TenantId};
use redis::{
    RedisError, RedisResult,
    aio::{PubSubSink, PubSubStream},
};
use tokio::sync::broadcast;

use crate::{cache::Cache, sessions::SESSIONS_CHANNEL};

/// Tells of a change of the tenant catalogue; the payload is the tenant's id.
pub const ROUTES_CHANNEL: &str = "trellis.routes";
/// Tells that a node came, went or drains; the payload is empty.
pub const NODES_CHANNEL: &str = "trellis.nodes";
/// Tells of a change of the platform's access policies; the payload is empty.
pub const POLICIES_CHANNEL: &str = "trellis.policies";

/// Tells that an operation waits or has changed; the payload is its id.
pub const OPERATIONS_CHANNEL: &str = "trellis.operations";

/// How many pushes a slow listener may be behind before it has to look at everything again.
const BACKLOG: usize = 4096;
/// How often a silent connection is asked whether it lives, and how long it may take to say so.
const PING: Duration = Duration::from_secs(2);
/// The longest wait before connecting again.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// Something that another process did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Push {
    /// This session or token is not what it was.
    Session(TokenHash),
    /// The tenant catalogue changed.
    Routes,
    /// A node came, went or drains.
    Nodes,
    /// The platform's access policies changed.
    Policies,
    /// This operation waits or has changed.
    Operation(OperationId),
    /// Pushes may have been lost: look at everything again.
    Lost,
}

impl Push {
    fn read(channel: &str, payload: &str) -> Self {
        match channel {
            ROUTES_CHANNEL => Self::Routes,
            NODES_CHANNEL => Self::Nodes,
            POLICIES_CHANNEL => Self::Policies,
            OPERATIONS_CHANNEL => payload.parse().map_or(Self::Lost, Self::Operation),
            _ => TokenHash::from_hex(payload).map_or(Self::Lost, Self::Session),
        }
    }
}

/// Listens to pushes and sends them.
#[derive(Debug, Clone)]
pub struct Pushes {
    redis: Cache,
    heard: broadcast::Sender<Push>,
}

impl Pushes {
    /// Pushes over this Redis. Nothing is heard before [`Self::listen`] is polled.
    #[must_use]
    pub fn new(redis: Cache) -> Self {
        Self {
            redis,
            heard: broadcast::channel(BACKLOG).0,
        }
    }

    /// What is heard from now on. A receiver that lags has to treat it as [`Push::Lost`].
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Push> {
        self.heard.subscribe()
    }

    /// Says that the tenant's entry of the catalogue changed. Call it after the commit.
    pub async fn routes_changed(&self, tenant: TenantId) {
        self.send(ROUTES_CHANNEL, &tenant.to_string()).await;
    }

    /// Says that a node came, went or drains. Call it after the commit.
    pub async fn nodes_changed(&self) {
        self.send(NODES_CHANNEL, "").await;
    }

    /// Says that the platform's access policies changed. Call it after the commit.
    pub async fn policies_changed(&self) {
        self.send(POLICIES_CHANNEL, "").await;
    }

    /// Says that an operation waits or has changed; this process hears it at once. Call it after
    /// the commit.
    pub async fn operation_changed(&self, operation: OperationId) {
        self.tell(Push::Operation(operation));
        self.send(OPERATIONS_CHANNEL, &operation.to_string()).await;
    }

    async fn send(&self, channel: &str, payload: &str) {
        let mut publication = redis::pipe();
        publication.publish(channel, payload);
        if self.redis.pipeline(&publication).await.is_err() {
            // Everybody looks by themselves within seconds.
            tracing::debug!(channel, "a push was not sent");
        }
    }

    /// Listens for as long as it is polled, and connects again whenever it has to.
    pub async fn listen(&self) {
        let mut pause = Duration::from_millis(50);
        loop {
            match self.listen_once(&mut pause).await {
                Ok(()) => tracing::debug!("the connection for pushes ended"),
                Err(error) => tracing::debug!(%error, "no connection for pushes"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    async fn listen_once(&self, pause: &mut Duration) -> RedisResult<()> {
        let connected = tokio::time::timeout(PING, self.redis.client().get_async_pubsub()).await;
        let mut connection = connected.unwrap_or_else(|_| Err(timed_out()))?;
        connection
            .subscribe(&[
                SESSIONS_CHANNEL,
                ROUTES_CHANNEL,
                NODES_CHANNEL,
                POLICIES_CHANNEL,
                OPERATIONS_CHANNEL,
            ])
            .await?;
        *pause = Duration::from_millis(50);
        let (mut sink, mut messages) = connection.split();
        self.tell(Push::Lost);
        let ended = self.hear(&mut sink, &mut messages).await;
        // What was said since cannot be heard, and Redis may have gone with it.
        self.tell(Push::Lost);
        ended
    }

    /// Hears until the connection ends.
    async fn hear(&self, sink: &mut PubSubSink, messages: &mut PubSubStream) -> RedisResult<()> {
        loop {
            match tokio::time::timeout(PING, messages.next()).await {
                Ok(Some(message)) => {
                    let payload = message.get_payload::<String>().unwrap_or_default();
                    self.tell(Push::read(message.get_channel_name(), &payload));
                }
                Ok(None) => return Ok(()),
                Err(_) => alive(sink).await?,
            }
        }
    }

    fn tell(&self, push: Push) {
        // Nobody listens in a process that only sends.
        let _ = self.heard.send(push);
    }
}

async fn alive(sink: &mut PubSubSink) -> RedisResult<()> {
    let answered = tokio::time::timeout(PING, sink.ping::<redis::Value>()).await;
    answered.unwrap_or_else(|_| Err(timed_out())).map(drop)
}

fn timed_out() -> RedisError {
    RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_makes_everybody_look_again() {
        let hash = TokenHash::new([7; 32]);
        assert_eq!(
            Push::read(SESSIONS_CHANNEL, &hash.to_string()),
            Push::Session(hash)
        );
        assert_eq!(Push::read(SESSIONS_CHANNEL, "everything"), Push::Lost);
        assert_eq!(Push::read(ROUTES_CHANNEL, "x"), Push::Routes);
        assert_eq!(Push::read(NODES_CHANNEL, ""), Push::Nodes);
        assert_eq!(Push::read(POLICIES_CHANNEL, ""), Push::Policies);
    }
}
