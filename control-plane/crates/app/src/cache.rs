//! Redis, which may be away: every call says so quickly, and the caller goes on without it.

use std::{
    fmt,
    future::Future,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use redis::{
    RedisError, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

/// How long a call may take.
const CALL_TIMEOUT: Duration = Duration::from_millis(250);
/// How long nobody asks after a call failed.
const PAUSE: Duration = Duration::from_millis(500);

/// Redis could not be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Redis is away")]
pub struct Away;

/// The address of Redis is not one.
#[derive(Debug, thiserror::Error)]
#[error("the address of Redis is not usable; expected redis://host:port")]
pub struct InvalidAddress;

/// A connection to Redis, shared by its clones.
#[derive(Clone)]
pub struct Cache {
    manager: ConnectionManager,
    client: redis::Client,
    born: Instant,
    paused_until_ms: Arc<AtomicU64>,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

impl Cache {
    /// A connection that is made when it is first used. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// When the address is not one.
    pub fn connect(url: &str) -> Result<Self, InvalidAddress> {
        let client = redis::Client::open(url).map_err(|_| InvalidAddress)?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(50))
            .set_max_delay(Duration::from_millis(200))
            .set_connection_timeout(Some(Duration::from_millis(500)))
            .set_response_timeout(Some(CALL_TIMEOUT));
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), config)
            .map_err(|_| InvalidAddress)?;
        Ok(Self {
            manager,
            client,
            born: Instant::now(),
            paused_until_ms: Arc::new(AtomicU64::new(0)),
        })
    }

    /// The client, for subscriptions, which need connections of their own.
    #[must_use]
    pub fn client(&self) -> &redis::Client {
        &self.client
    }

    /// Asks whether Redis answers, for `/readyz`.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), Away> {
        let mut manager = self.manager.clone();
        self.call(true, async move {
            redis::cmd("PING")
                .query_async::<String>(&mut manager)
                .await
                .map(drop)
        })
        .await
    }

    /// Deletes a key that still has this value.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn delete_if(&self, key: &str, value: &str) -> Result<(), Away> {
        static DELETE: LazyLock<redis::Script> = LazyLock::new(|| {
            redis::Script::new(
                r"if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 0",
            )
        });
        let mut delete = DELETE.prepare_invoke();
        delete.key(key).arg(value);
        self.script::<i64>(&delete).await.map(drop)
    }

    /// Runs commands in one round trip, even when Redis was away a moment ago.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn pipeline(&self, commands: &redis::Pipeline) -> Result<(), Away> {
        let mut manager = self.manager.clone();
        self.call(true, async move {
            commands.query_async::<()>(&mut manager).await
        })
        .await
    }

    /// Runs a script.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn script<T: redis::FromRedisValue>(
        &self,
        invocation: &redis::ScriptInvocation<'_>,
    ) -> Result<T, Away> {
        let mut manager = self.manager.clone();
        self.call(
            false,
            async move { invocation.invoke_async(&mut manager).await },
        )
        .await
    }

    /// Runs a script, even when Redis was away a moment ago.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn script_now<T: redis::FromRedisValue>(
        &self,
        invocation: &redis::ScriptInvocation<'_>,
    ) -> Result<T, Away> {
        let mut manager = self.manager.clone();
        self.call(
            true,
            async move { invocation.invoke_async(&mut manager).await },
        )
        .await
    }

    async fn call<T>(
        &self,
        insist: bool,
        work: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, Away> {
        if !insist && self.elapsed() < self.paused_until_ms.load(Ordering::Relaxed) {
            return Err(Away);
        }
        match tokio::time::timeout(CALL_TIMEOUT, work).await {
            Ok(Ok(value)) => {
                self.paused_until_ms.store(0, Ordering::Relaxed);
                Ok(value)
            }
            Ok(Err(error)) => Err(self.away(Some(&error))),
            Err(_) => Err(self.away(None)),
        }
    }

    fn away(&self, error: Option<&RedisError>) -> Away {
        let until = self.elapsed() + millis(PAUSE);
        let before = self.paused_until_ms.swap(until, Ordering::Relaxed);
        if before == 0 {
            let reason = error.map_or_else(|| "no answer in time".to_owned(), ToString::to_string);
            tracing::warn!(reason, "Redis is away; going on without it");
        }
        metrics_away();
        Away
    }

    fn elapsed(&self) -> u64 {
        millis(self.born.elapsed())
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn metrics_away() {
    metrics::counter!("redis_away_total").increment(1);
}
