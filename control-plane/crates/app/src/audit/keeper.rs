//! The worker that gives new entries their place in the chain, within a second.

use std::time::Duration;

use clock::Clock;
use cp_store::{AuditChainStore, AuditLink, StoreError};
use db::CentralDb;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{
    anchor::{Anchor, AnchorFile},
    hash::{START, link_hash},
};

const PERIOD: Duration = Duration::from_millis(500);
/// Entries of one transaction.
const BATCH: u32 = 500;

/// `[audit]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditSettings {
    /// The file that heads of the chain are added to; empty for none.
    pub anchor_file: String,
}

impl AuditSettings {
    /// The file of anchors, when one is set.
    #[must_use]
    pub fn anchor_file(&self) -> Option<AnchorFile> {
        let path = self.anchor_file.trim();
        (!path.is_empty()).then(|| AnchorFile::new(path))
    }
}

/// Chains the audit log.
#[derive(Debug)]
pub struct Keeper {
    central: CentralDb,
    clock: Clock,
    anchors: Option<AnchorFile>,
    /// The last position that was written down outside by this worker.
    anchored: u64,
}

impl Keeper {
    /// A worker that writes heads to this file, too.
    #[must_use]
    pub const fn new(central: CentralDb, clock: Clock, anchors: Option<AnchorFile>) -> Self {
        Self {
            central,
            clock,
            anchors,
            anchored: 0,
        }
    }

    /// Works until told to stop.
    pub async fn run(mut self, shutdown: CancellationToken) {
        while shutdown
            .run_until_cancelled(tokio::time::sleep(PERIOD))
            .await
            .is_some()
        {
            match self.sweep().await {
                Ok(_) => {}
                // Another worker was first, or won a lock.
                Err(error) if is_race(&error) => {}
                Err(error) => tracing::warn!(%error, "the audit log waits to be chained"),
            }
        }
    }

    /// Chains what is new and writes the head down outside; answers how many entries were chained.
    ///
    /// # Errors
    /// When another worker was first, or the database fails: nothing has changed then.
    pub async fn sweep(&mut self) -> Result<usize, StoreError> {
        let mut chained = 0;
        loop {
            let (added, head) = self.batch().await?;
            chained += added;
            if let Some(head) = head {
                self.anchor(&head).await;
            }
            if added < BATCH as usize {
                return Ok(chained);
            }
        }
    }

    async fn batch(&self) -> Result<(usize, Option<AuditLink>), StoreError> {
        let tx = self.central.begin().await?;
        let mut head = AuditChainStore::head(&tx).await?;
        let horizon = AuditChainStore::horizon(head.as_ref());
        let entries = AuditChainStore::unlinked(&tx, horizon, BATCH).await?;
        let now = self.clock.now();
        for entry in &entries {
            let position = head.as_ref().map_or(0, |head| head.position) + 1;
            let before = head.as_ref().map_or(START, |head| head.hash);
            let link = AuditLink {
                position,
                entry: entry.id,
                hash: link_hash(&before, position, entry),
                chained_at: now,
            };
            AuditChainStore::insert(&tx, &link).await?;
            head = Some(link);
        }
        tx.commit().await?;
        metrics::counter!("audit_entries_chained_total").increment(entries.len() as u64);
        Ok((entries.len(), head))
    }

    async fn anchor(&mut self, head: &AuditLink) {
        if head.position <= self.anchored {
            return;
        }
        let anchor = Anchor::of(head);
        tracing::info!(
            position = anchor.position,
            hash = %hex::encode(anchor.hash),
            "head of the audit log"
        );
        let written = match self.anchors.clone() {
            None => Ok(Ok(())),
            Some(file) => tokio::task::spawn_blocking(move || file.append(&anchor)).await,
        };
        match written {
            Ok(Ok(())) => self.anchored = head.position,
            Ok(Err(error)) => {
                tracing::error!(%error, "the head of the audit log is not in its file")
            }
            Err(error) => tracing::error!(%error, "the head of the audit log is not in its file"),
        }
    }
}

fn is_race(error: &StoreError) -> bool {
    matches!(error, StoreError::Duplicate(_)) || error.is_transient()
}
