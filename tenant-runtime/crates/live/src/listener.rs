//! One who listens: first what they missed, then what comes, each number once.

use std::{collections::VecDeque, sync::Arc};

use db::{DbError, TenantDb};
use kernel::Generation;
use tokio::sync::broadcast::{self, error::RecvError};
use tr_store::{StoreError, live};

use crate::{
    feed::Feed,
    mark::Mark,
    message::{EventMessage, Live},
};

/// How many missed events are read at a time, and given at most: who missed more starts afresh.
const PAGE: usize = 500;
const MOST: u64 = 5_000;

/// Why somebody cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// What came after their number is not kept any more, or too much, or it is a number of another
    /// generation: they have to load everything again and listen from now on.
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
    from: u64,
    now: u64,
    last: u64,
    pub(crate) feed: Arc<Feed>,
}

impl Listener {
    pub(crate) async fn start(
        feed: Arc<Feed>,
        told: broadcast::Receiver<Arc<Live>>,
        db: &TenantDb,
        since: Option<Mark>,
        now: u64,
    ) -> Result<Self, LiveError> {
        let from = match since {
            None => now,
            Some(mark) if mark.generation != feed.tenant.generation => {
                return Err(LiveError::TooOld);
            }
            Some(mark) if mark.number > now => return Err(LiveError::Unknown),
            Some(mark) => mark.number,
        };
        let (missed, last) = missed(&feed, db, from, now).await?;
        Ok(Self {
            missed,
            told,
            from,
            now,
            last,
            feed,
        })
    }

    /// The number after which everything will be heard.
    #[must_use]
    pub const fn from(&self) -> u64 {
        self.from
    }

    /// The number of the last event when the listener came.
    #[must_use]
    pub const fn came_at(&self) -> u64 {
        self.now
    }

    /// Of which generation of the tenant the numbers are.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.feed.tenant.generation
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
                    Live::Presence(_) | Live::Moved => return Ok(live),
                },
                Err(RecvError::Lagged(_) | RecvError::Closed) => return Err(Missed),
            }
        }
    }
}

/// What came after `from`, up to now at least, and the number of the last of it.
async fn missed(
    feed: &Feed,
    db: &TenantDb,
    from: u64,
    now: u64,
) -> Result<(VecDeque<Arc<Live>>, u64), LiveError> {
    let (mut missed, mut last) = (VecDeque::new(), from);
    loop {
        let rows = live::after(db.conn(), last, PAGE).await?;
        let more = rows.len() == PAGE;
        for row in rows {
            // Purged is what was done long ago, which need not be what has the lowest number.
            if row.number != last + 1 {
                return Err(LiveError::TooOld);
            }
            last = row.number;
            let event = feed.event(row);
            missed.extend(event.map(|event| Arc::new(Live::Event(EventMessage(event)))));
        }
        if !more {
            break;
        }
        if last - from >= MOST {
            return Err(LiveError::TooOld);
        }
    }
    if last < now {
        return Err(LiveError::TooOld);
    }
    Ok((missed, last))
}
