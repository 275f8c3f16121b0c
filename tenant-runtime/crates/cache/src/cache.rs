//! Memory, then documents, then computing; and a look now and then whether what is kept is right.
//!
//! What was computed in a moment is kept in memory only: to fetch it from the document server would
//! take about as long, and to keep it there would take longer.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Semaphore;

use crate::{Documents, Key, turns::Turns};

/// For how long a kept answer that was wrong is worth an alarm.
const ALARM: TimeDelta = TimeDelta::hours(1);

/// How a process caches.
#[derive(Debug, Clone, Copy)]
pub struct CacheSettings {
    /// The memory that entries of this process may take, in bytes.
    pub memory: u64,
    /// How many answers are computed at once; of one tenant a quarter of them.
    pub computing: usize,
    /// How long one waits for one's turn to compute.
    pub patience: Duration,
    /// What is computed for longer waits for its database, and lets another one compute meanwhile.
    pub long: Duration,
    /// One of so many answers found is computed again and compared; none if 0.
    pub check_every: u64,
    /// How long an answer must have been computed to be kept on the document server as well.
    pub share_after: Duration,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            memory: 64 * 1024 * 1024,
            computing: 8,
            patience: Duration::from_secs(2),
            long: Duration::from_secs(1),
            check_every: 100,
            share_after: Duration::from_millis(100),
        }
    }
}

/// An answer with the version of the snapshot that it was computed in, which may be newer than the
/// one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computed {
    /// The version.
    pub version: u64,
    /// The answer.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer<E> {
    /// Too much is being computed, of this tenant or of all. Later, it may work.
    #[error("too much is being computed")]
    Busy,
    /// Computing failed.
    #[error(transparent)]
    Failed(#[from] E),
}

/// Where an answer came from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Memory,
    Documents,
    Computed,
}

impl Source {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Documents => "documents",
            Self::Computed => "computed",
        }
    }
}

/// The cache of a process. Clones share it.
#[derive(Debug, Clone)]
pub struct Cache {
    memory: moka::future::Cache<Key, Bytes>,
    documents: Option<Documents>,
    turns: Arc<Turns>,
    /// How many answers may be on their way to the document server.
    sharing: Arc<Semaphore>,
    share_after: Duration,
    check_every: u64,
    found: Arc<AtomicU64>,
    /// When a kept answer was found to be wrong, in milliseconds; 0: none was.
    mismatched_at: Arc<AtomicI64>,
}

impl Cache {
    /// A cache over these documents, or over none.
    #[must_use]
    pub fn new(settings: CacheSettings, documents: Option<Documents>) -> Self {
        let weight = |_: &Key, body: &Bytes| u32::try_from(body.len()).unwrap_or(u32::MAX);
        let memory = moka::future::Cache::builder()
            .weigher(weight)
            .max_capacity(settings.memory)
            .time_to_idle(Duration::from_secs(600))
            .build();
        Self {
            memory,
            documents,
            turns: Arc::new(Turns::new(
                settings.computing,
                settings.patience,
                settings.long,
            )),
            sharing: Arc::new(Semaphore::new(settings.computing.max(1))),
            share_after: settings.share_after,
            check_every: settings.check_every,
            found: Arc::default(),
            mismatched_at: Arc::default(),
        }
    }

    /// The answer under this key, whose version the caller has just read. However many ask at
    /// once, one computes, and what comes of it, they all get.
    ///
    /// # Errors
    /// Those of computing, and when it is nobody's turn for too long.
    pub async fn get<E>(
        &self,
        key: Key,
        now: DateTime<Utc>,
        compute: impl AsyncFn() -> Result<Computed, E>,
    ) -> Result<Bytes, NoAnswer<E>>
    where
        E: Clone + Send + Sync + 'static,
    {
        let source = OnceLock::new();
        let load = async {
            if let Some(body) = self.kept(&key, now).await {
                source.get_or_init(|| Source::Documents);
                return Ok(body);
            }
            source.get_or_init(|| Source::Computed);
            self.computed(key, now, &compute).await
        };
        let answer = self.memory.try_get_with(key, load).await;
        let answer = answer.map_err(Arc::unwrap_or_clone)?;
        let kind = key.kind.as_str();
        let source = source.into_inner().unwrap_or(Source::Memory);
        metrics::counter!("cache_reads_total", "kind" => kind, "source" => source.as_str())
            .increment(1);
        if source == Source::Computed || !self.is_to_be_checked() {
            return Ok(answer);
        }
        // Nobody waits for a turn to look.
        match self.turns.take(key.tenant.tenant) {
            Some(turn) => Ok(self
                .checked(key, answer, now, turn.run(Box::pin(compute())))
                .await),
            None => Ok(answer),
        }
    }

    /// Why somebody should look, if so: for an hour after a kept answer was wrong.
    ///
    /// # Errors
    /// With the reason.
    pub fn check(&self, now: DateTime<Utc>) -> Result<(), String> {
        let mismatched_at = self.mismatched_at.load(Ordering::Relaxed);
        if mismatched_at > (now - ALARM).timestamp_millis() {
            return Err("a kept answer was not what computing gives".to_owned());
        }
        self.documents
            .as_ref()
            .map_or(Ok(()), |documents| documents.check(now))
    }

    async fn kept(&self, key: &Key, now: DateTime<Utc>) -> Option<Bytes> {
        self.documents.as_ref()?.find(&key.to_string(), now).await
    }

    async fn computed<E>(
        &self,
        key: Key,
        now: DateTime<Utc>,
        compute: &impl AsyncFn() -> Result<Computed, E>,
    ) -> Result<Bytes, NoAnswer<E>> {
        let turn = self.turns.wait(key.tenant.tenant).await;
        let turn = turn.ok_or_else(|| {
            metrics::counter!("cache_busy_total", "kind" => key.kind.as_str()).increment(1);
            NoAnswer::Busy
        })?;
        let started = Instant::now();
        let Computed { version, body } = turn.run(Box::pin(compute())).await?;
        let took = started.elapsed();
        if took >= self.share_after {
            self.share(Key { version, ..key }, body.clone(), now);
        }
        Ok(body)
    }

    /// Has an answer kept on the document server. Nobody waits for it, and when too many are under
    /// way already it is not: then the next process computes it, too.
    fn share(&self, key: Key, body: Bytes, now: DateTime<Utc>) {
        let Some(documents) = self.documents.clone() else {
            return;
        };
        let Ok(permit) = Arc::clone(&self.sharing).try_acquire_owned() else {
            return;
        };
        tokio::spawn(async move {
            documents.insert(&key.to_string(), body, now).await;
            documents.supersede(&key, now).await;
            drop(permit);
        });
    }

    fn is_to_be_checked(&self) -> bool {
        self.check_every > 0
            && self
                .found
                .fetch_add(1, Ordering::Relaxed)
                .is_multiple_of(self.check_every)
    }

    /// What computing gives, and an alarm when that is not what was kept; what was kept when
    /// computing fails.
    async fn checked<E>(
        &self,
        key: Key,
        kept: Bytes,
        now: DateTime<Utc>,
        computing: impl Future<Output = Result<Computed, E>>,
    ) -> Bytes {
        let Ok(Computed { version, body }) = computing.await else {
            return kept;
        };
        if version == key.version && body != kept {
            self.mismatched_at
                .store(now.timestamp_millis(), Ordering::Relaxed);
            metrics::counter!("cache_mismatches_total", "kind" => key.kind.as_str()).increment(1);
            tracing::error!(%key, "a kept answer is not what computing gives");
            if let Some(documents) = &self.documents {
                documents.delete(&key.to_string(), now).await;
            }
            self.memory.invalidate(&key).await;
        }
        body
    }
}
