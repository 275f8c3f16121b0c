//! One who listens: first what they missed, then what comes, each number once.

use std::{collections::VecDeque, sync::Arc};

use db::{DbError, TenantDb};
use kernel::Generation;
use tokio::sync::broadcast::{self, error::RecvError};
use tr_store::{StoreError, live};

use crate::{feed::Feed, mark::Mark, message::Live};

/// How many missed events are read at a time: what a listener keeps in memory, whatever they missed.
const PAGE: usize = 100;
/// How many missed events are given at most: who missed more starts afresh.
const MOST: u64 = 5_000;
/// How far somebody who listens may fall behind.
const FARTHEST: u64 = 2 * MOST;

/// Why somebody cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// What came after their number is not kept any more, or too much, or it is a number of another
    /// generation: they have to load everything again and listen from now on. Who hears this while
    /// they listen was too slow.
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

/// Hears a tenant's live messages. Keeps the tenant's feed alive.
#[derive(Debug)]
pub struct Listener {
    /// What was read from the outbox and is not given yet.
    page: VecDeque<Arc<Live>>,
    /// Whether there may be something in the outbox that was told when one did not hear.
    behind: bool,
    told: broadcast::Receiver<Arc<Live>>,
    from: u64,
    now: u64,
    /// The last event that was read or heard.
    last: u64,
    pub(crate) feed: Arc<Feed>,
}

impl Listener {
    pub(crate) async fn start(
        feed: Arc<Feed>,
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
            Some(mark) if now - mark.number > MOST => return Err(LiveError::TooOld),
            Some(mark) => mark.number,
        };
        // Purged is what was done long ago, which need not be what has the lowest number.
        if from < now && live::count(db.conn(), from, now).await? < now - from {
            return Err(LiveError::TooOld);
        }
        Ok(Self {
            page: VecDeque::new(),
            behind: true,
            told: feed.live.subscribe(),
            from,
            now,
            last: from,
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

    /// The next message. May be dropped while it waits.
    ///
    /// # Errors
    /// When the tenant's database fails, or the listener was too slow.
    pub async fn next(&mut self) -> Result<Arc<Live>, LiveError> {
        loop {
            if let Some(live) = self.page.pop_front() {
                return Ok(live);
            }
            if self.behind {
                self.read_on().await?;
                continue;
            }
            match self.told.recv().await {
                Ok(live) => match &*live {
                    Live::Event(event) if event.number() <= self.last => {}
                    Live::Event(event) => {
                        self.last = event.number();
                        return Ok(live);
                    }
                    Live::Presence(_) | Live::Moved => return Ok(live),
                },
                // More was told than is kept for those who do not take it at once: the events of it
                // are in the outbox.
                Err(RecvError::Lagged(_) | RecvError::Closed) => self.behind = true,
            }
        }
    }

    /// Reads the next page of the outbox, until all was read that was told before one heard.
    async fn read_on(&mut self) -> Result<(), LiveError> {
        let _turn = self.feed.turn().await;
        // In this order, so that nothing falls between what is read and what is told.
        let told = self.feed.live.subscribe();
        let known = self.feed.last().max(self.now);
        if known <= self.last {
            (self.told, self.behind) = (told, false);
            return Ok(());
        }
        if known - self.last > FARTHEST {
            return Err(LiveError::TooOld);
        }
        let db = self.feed.db().await?;
        let rows = live::after(db.conn(), self.last, PAGE).await?;
        let all = rows.len() < PAGE;
        for row in rows {
            if row.number != self.last + 1 {
                return Err(LiveError::TooOld);
            }
            self.last = row.number;
            let event = self.feed.event(row);
            self.page
                .extend(event.map(|event| Arc::new(Live::Event(event))));
        }
        if all && self.last < known {
            return Err(LiveError::TooOld);
        }
        (self.told, self.behind) = (told, self.last < known);
        Ok(())
    }
}
