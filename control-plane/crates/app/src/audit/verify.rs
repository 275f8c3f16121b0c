//! Going through the whole chain and comparing it with the log and with what was written down
//! outside.

use std::{collections::HashMap, fmt};

use cp_store::{AuditChainStore, LinkedEntry, StoreError};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{
    anchor::Anchor,
    hash::{START, link_hash},
};

/// Links read at once.
const BATCH: u32 = 1000;
/// Faults that are named; more are counted.
const NAMED: usize = 50;

/// What is wrong at a place of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The entry is not what was chained: it, or the link before, was changed or moved.
    Changed,
    /// The entry was taken out of the log.
    EntryRemoved,
    /// The link was taken out of the chain.
    LinkRemoved,
    /// The entry was put in behind the chain's end.
    Inserted,
    /// The chain is another than the one that was written down outside.
    Rewritten,
    /// The chain ends before a place that was written down outside.
    CutOff,
}

/// A fault and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The position in the chain, if it has one.
    pub position: Option<u64>,
    /// The entry, if it is known.
    pub entry: Option<Uuid>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            FaultKind::Changed => "is not what was chained",
            FaultKind::EntryRemoved => "is missing from the log",
            FaultKind::LinkRemoved => "is missing from the chain",
            FaultKind::Inserted => "was put in later",
            FaultKind::Rewritten => "differs from what was written down outside",
            FaultKind::CutOff => "was written down outside and is not there",
        };
        match (self.position, self.entry) {
            (Some(position), Some(entry)) => {
                write!(f, "position {position}, entry {entry}, {what}")
            }
            (Some(position), None) => write!(f, "position {position} {what}"),
            (None, Some(entry)) => write!(f, "entry {entry} {what}"),
            (None, None) => f.write_str(what),
        }
    }
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Links that were looked at.
    pub links: u64,
    /// The last one's position and hash.
    pub head: Option<(u64, [u8; 32])>,
    /// Anchors that were compared.
    pub anchors: usize,
    /// New entries that have no place yet.
    pub waiting: usize,
    /// Faults, the first ones named.
    pub faults: Vec<Fault>,
    /// How many faults there are in all.
    pub fault_count: u64,
}

impl Verdict {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        self.fault_count == 0
    }

    fn fault(&mut self, kind: FaultKind, position: Option<u64>, entry: Option<Uuid>) {
        self.fault_count += 1;
        if self.faults.len() < NAMED {
            self.faults.push(Fault {
                kind,
                position,
                entry,
            });
        }
    }
}

/// Goes through the chain.
///
/// # Errors
/// When the database fails.
pub async fn verify(
    conn: &impl ConnectionTrait,
    anchors: &[Anchor],
) -> Result<Verdict, StoreError> {
    let mut walk = Walk::new(anchors);
    loop {
        let batch = AuditChainStore::list(conn, walk.position, BATCH).await?;
        let more = batch.len() == BATCH as usize;
        batch.iter().for_each(|linked| walk.step(linked));
        if !more {
            break;
        }
    }
    let mut verdict = walk.end();
    // As of the end of the walk: what is chained meanwhile is newer.
    let head = AuditChainStore::head(conn).await?;
    let horizon = AuditChainStore::horizon(head.as_ref());
    for entry in AuditChainStore::unlinked_before(conn, horizon, BATCH).await? {
        verdict.fault(FaultKind::Inserted, None, Some(entry));
    }
    let waiting = AuditChainStore::unlinked(conn, horizon, BATCH).await?;
    verdict.waiting = waiting.len();
    Ok(verdict)
}

/// A way along the chain.
struct Walk<'a> {
    verdict: Verdict,
    position: u64,
    hash: [u8; 32],
    anchors: HashMap<u64, Vec<&'a Anchor>>,
}

impl<'a> Walk<'a> {
    fn new(anchors: &'a [Anchor]) -> Self {
        let mut by_position: HashMap<u64, Vec<&Anchor>> = HashMap::new();
        for anchor in anchors {
            by_position.entry(anchor.position).or_default().push(anchor);
        }
        Self {
            verdict: Verdict::default(),
            position: 0,
            hash: START,
            anchors: by_position,
        }
    }

    fn step(&mut self, linked: &LinkedEntry) {
        let link = &linked.link;
        let gap = link.position != self.position + 1;
        for missing in self.position + 1..link.position.min(self.position + 1 + NAMED as u64) {
            self.verdict
                .fault(FaultKind::LinkRemoved, Some(missing), None);
        }
        let place = (Some(link.position), Some(link.entry));
        match &linked.entry {
            None => self
                .verdict
                .fault(FaultKind::EntryRemoved, place.0, place.1),
            // After a gap, the hash before is not known.
            Some(_) if gap => {}
            Some(entry) if link_hash(&self.hash, link.position, entry) == link.hash => {}
            Some(_) => self.verdict.fault(FaultKind::Changed, place.0, place.1),
        }
        for anchor in self.anchors.remove(&link.position).unwrap_or_default() {
            self.verdict.anchors += 1;
            if anchor.hash != link.hash {
                self.verdict.fault(FaultKind::Rewritten, place.0, place.1);
            }
        }
        self.verdict.links += 1;
        // Its own word counts for the next one, so that one change is one fault.
        (self.position, self.hash) = (link.position, link.hash);
        self.verdict.head = Some((link.position, link.hash));
    }

    fn end(mut self) -> Verdict {
        let mut left: Vec<u64> = self.anchors.keys().copied().collect();
        left.sort_unstable();
        for position in left {
            let kind = FaultKind::CutOff;
            self.verdict.anchors += 1;
            self.verdict.fault(kind, Some(position), None);
        }
        self.verdict
    }
}
