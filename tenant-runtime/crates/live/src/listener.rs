//! One who listens: first what they missed, then what comes, each number once.

use std::{collections::VecDeque, sync::Arc};

use db::{DbError, TenantDb};
use tokio::sync::broadcast::{self, error::RecvError};
use tr_store::{StoreError, live};

use crate::{
    feed::Feed,
    message::{EventMessage, Live},
};

/// How many missed events are read at a time, and given at most: who missed more starts afresh.
const PAGE: usize = 500;
const MOST: usize = 5_000;

/// Why somebody cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// What came after their number is not kept any more, or too much: they have to load everything
    /// again and listen from now on.
    #[error("the events after that number are not kept any more")]
    TooOld,
    /// The number is one that was not given yet.
    #[error("there is no event of that number yet")]
    Unknown,
    /// The tenant's database cannot be reached.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The tenant's database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The listener was too slow, and what it did not hear is gone from memory: it comes again with its
/// last number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too slow")]
pub struct Missed;

/// Hears a tenant's live messages. Keeps the tenant's feed alive.
#[derive(Debug)]
pub struct Listener {
    missed: VecDeque<Arc<Live>>,
    told: broadcast::Receiver<Arc<Live>>,
    last: u64,
    _feed: Arc<Feed>,
}

impl Listener {
    pub(crate) async fn start(
        feed: Arc<Feed>,
        told: broadcast::Receiver<Arc<Live>>,
        db: &TenantDb,
        since: Option<u64>,
        now: u64,
    ) -> Result<Self, LiveError> {
        let missed = match since {
            None => VecDeque::new(),
            Some(since) => missed(db, since, now).await?,
        };
        let last = missed
            .back()
            .map_or(since.unwrap_or(now), |live| number(live));
        Ok(Self {
            missed,
            told,
            last,
            _feed: feed,
        })
    }

    /// The number after which everything will be heard.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.missed
            .front()
            .map_or(self.last, |first| number(first).saturating_sub(1))
    }

    /// The next message.
    ///
    /// # Errors
    /// When the listener was too slow.
    pub async fn next(&mut self) -> Result<Arc<Live>, Missed> {
        if let Some(live) = self.missed.pop_front() {
            return Ok(live);
        }
        loop {
            match self.told.recv().await {
                Ok(live) => match &*live {
                    Live::Event(event) if event.number() <= self.last => {}
                    Live::Event(event) => {
                        self.last = event.number();
                        return Ok(live);
                    }
                    Live::Presence(_) => return Ok(live),
                },
                Err(RecvError::Lagged(_) | RecvError::Closed) => return Err(Missed),
            }
        }
    }
}

async fn missed(db: &TenantDb, since: u64, now: u64) -> Result<VecDeque<Arc<Live>>, LiveError> {
    if since > now {
        return Err(LiveError::Unknown);
    }
    let first = live::first_kept(db.conn()).await?;
    // All after `since` are there if the next one is, or if there is none.
    if since < now && first.is_none_or(|first| first > since + 1) {
        return Err(LiveError::TooOld);
    }
    let mut missed = VecDeque::new();
    let mut last = since;
    loop {
        let rows = live::after(db.conn(), last, PAGE).await?;
        let more = rows.len() == PAGE;
        for row in rows {
            last = row.number;
            missed.push_back(Arc::new(Live::Event(EventMessage(row))));
        }
        if !more {
            return Ok(missed);
        }
        if missed.len() >= MOST {
            return Err(LiveError::TooOld);
        }
    }
}

fn number(live: &Live) -> u64 {
    match live {
        Live::Event(event) => event.number(),
        Live::Presence(_) => 0,
    }
}
