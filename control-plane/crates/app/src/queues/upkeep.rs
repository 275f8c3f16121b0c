//! What is done about dead letters by the clock: those that were decided on are deleted after
//! their time, and how many wait is told.

use std::{collections::BTreeMap, time::Duration};

use chrono::TimeDelta;
use clock::Clock;
use cp_store::{DeadLetterStore, StoreError};
use db::CentralDb;
use tokio_util::sync::CancellationToken;

use super::reports::said;

const PERIOD: Duration = Duration::from_secs(15);
/// How long messages are kept that were sent again or discarded.
const KEPT: TimeDelta = TimeDelta::days(30);
/// How many of those are deleted at a time.
const PURGED: u32 = 1000;

/// Looks after dead letters.
#[derive(Debug)]
pub struct DeadLetterUpkeep {
    central: CentralDb,
    clock: Clock,
    /// By ring and class, how many were told of: a class without any is told of as such.
    told: BTreeMap<(String, String), u64>,
}

impl DeadLetterUpkeep {
    /// A worker over this database.
    #[must_use]
    pub const fn new(central: CentralDb, clock: Clock) -> Self {
        Self {
            central,
            clock,
            told: BTreeMap::new(),
        }
    }

    /// Works until told to stop.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let working = async {
            loop {
                if let Err(error) = self.sweep().await {
                    tracing::warn!(%error, "dead letters wait to be counted and purged");
                }
                tokio::time::sleep(PERIOD).await;
            }
        };
        shutdown.run_until_cancelled(working).await;
    }

    /// Tells how many dead letters wait, and deletes those whose time is over; answers how many
    /// were deleted.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep(&mut self) -> Result<u64, StoreError> {
        self.tell().await?;
        self.purge().await
    }

    async fn tell(&mut self) -> Result<(), StoreError> {
        let conn = self.central.conn();
        for letters in self.told.values_mut() {
            *letters = 0;
        }
        for said in said(conn, self.clock.now()).await? {
            for class in said.report.classes {
                self.told
                    .entry((said.ring.clone(), class.class))
                    .or_default();
            }
        }
        for counted in DeadLetterStore::count_open(conn).await? {
            let letters = u64::try_from(counted.letters).unwrap_or_default();
            self.told.insert((counted.ring, counted.class), letters);
        }
        for ((ring, class), letters) in &self.told {
            metrics::gauge!("dead_letters", "ring" => ring.clone(), "class" => class.clone())
                .set(*letters as f64);
        }
        Ok(())
    }

    async fn purge(&self) -> Result<u64, StoreError> {
        let before = self.clock.now() - KEPT;
        let mut purged = 0;
        loop {
            let some = DeadLetterStore::purge(self.central.conn(), before, PURGED).await?;
            purged += some;
            if some < u64::from(PURGED) {
                return Ok(purged);
            }
        }
    }
}
