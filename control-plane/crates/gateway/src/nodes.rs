//! Nodes of the runtime as this gateway sees them, and which of them gets a request.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use cp_domain::{Node, Ring};
use kernel::NodeId;
use rand::Rng as _;

/// A node that may get requests.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) id: NodeId,
    pub(crate) name: String,
    /// `host:port`.
    pub(crate) address: Arc<str>,
    ring: Ring,
    started: Option<DateTime<Utc>>,
    draining: bool,
    load: Arc<Load>,
}

/// What outlives a refresh of the list, as long as the node does.
#[derive(Debug, Default)]
struct Load {
    in_flight: AtomicU32,
    streams: AtomicU32,
    /// In milliseconds of the table's clock.
    passed_over_until: AtomicU64,
}

/// What a node has of.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Requests.
    Request,
    /// Tunnels and streams of events that are open.
    Stream,
}

/// Counts a request of a node, or a tunnel or stream of events, for as long as it is kept.
#[derive(Debug)]
pub(crate) struct Seat {
    load: Arc<Load>,
    kind: Kind,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.load.of(self.kind).fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why no node gets the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoNode {
    /// There is none in the ring.
    #[error("no node of the ring takes requests")]
    None,
    /// All have as many requests as they may.
    #[error("all nodes of the ring are busy")]
    Busy,
}

/// The nodes.
#[derive(Debug)]
pub(crate) struct NodeTable {
    targets: RwLock<Arc<[Arc<Target>]>>,
    per_node: u32,
    streams_per_node: u32,
    pass_over: Duration,
    born: Instant,
}

impl NodeTable {
    pub(crate) fn new(per_node: u32, streams_per_node: u32, pass_over: Duration) -> Self {
        let born = Instant::now();
        Self {
            targets: RwLock::new(Arc::new([])),
            per_node,
            streams_per_node,
            pass_over,
            born,
        }
    }

    /// Takes over the list that was just read. When nobody in it beats, it is the control plane
    /// that was away and not all nodes at once, so the last list stays: a node that is really gone
    /// is passed over as soon as it cannot be reached.
    pub(crate) fn replace(&self, nodes: &[Node], now: DateTime<Utc>) {
        let before = self.targets();
        let there: Vec<&Node> = nodes.iter().filter(|node| node.is_there(now)).collect();
        if there.is_empty() && !before.is_empty() && !nodes.is_empty() {
            return;
        }
        let targets = there.into_iter().filter_map(|node| {
            let known = before.iter().find(|target| target.id == node.id);
            Target::new(node, known.map(|known| &**known))
        });
        let targets: Arc<[Arc<Target>]> = targets.map(Arc::new).collect();
        *self.targets.write().unwrap_or_else(PoisonError::into_inner) = targets;
    }

    /// How many nodes take requests.
    pub(crate) fn len(&self) -> usize {
        self.targets()
            .iter()
            .filter(|target| !target.draining)
            .count()
    }

    /// The less busy of two nodes of the ring, of those that were not tried and can be reached;
    /// one that could not be reached a moment ago when there is no other.
    pub(crate) fn choose(
        &self,
        ring: Ring,
        tried: &[NodeId],
    ) -> Result<(Arc<Target>, Seat), NoNode> {
        self.choose_by(Kind::Request, ring, tried)
    }

    /// Like [`Self::choose`], but the one with fewer tunnels and streams of events: for a request
    /// that is to become one.
    pub(crate) fn choose_for_stream(
        &self,
        ring: Ring,
        tried: &[NodeId],
    ) -> Result<(Arc<Target>, Seat), NoNode> {
        self.choose_by(Kind::Stream, ring, tried)
    }

    fn choose_by(
        &self,
        kind: Kind,
        ring: Ring,
        tried: &[NodeId],
    ) -> Result<(Arc<Target>, Seat), NoNode> {
        let targets = self.targets();
        let able = |target: &&Arc<Target>| {
            target.ring == ring && !target.draining && !tried.contains(&target.id)
        };
        let now = self.now();
        let reachable = |target: &&Arc<Target>| target.load.until() <= now;
        let first = two(kind, || targets.iter().filter(able).filter(reachable));
        let second = || two(kind, || targets.iter().filter(able));
        let target = first.or_else(second).ok_or(NoNode::None)?;
        let seat = target.load.seat(Kind::Request, self.per_node);
        Ok((Arc::clone(target), seat.ok_or(NoNode::Busy)?))
    }

    /// A seat for one more tunnel or stream of events of a node, unless it has as many as it may.
    pub(crate) fn seat_stream(&self, target: &Target) -> Option<Seat> {
        target.load.seat(Kind::Stream, self.streams_per_node)
    }

    /// Passes a node over for a while: it could not be reached, or broke off.
    pub(crate) fn pass_over(&self, target: &Target) {
        let until = self.now() + u64::try_from(self.pass_over.as_millis()).unwrap_or(u64::MAX);
        let before = target.load.passed_over_until.swap(until, Ordering::Relaxed);
        if before <= self.now() {
            tracing::warn!(
                node = target.name,
                "a node cannot be reached and is passed over"
            );
        }
    }

    /// A node answered: it is not passed over any more.
    pub(crate) fn reached(&self, target: &Target) {
        if target.load.until() != 0 {
            target.load.passed_over_until.store(0, Ordering::Relaxed);
        }
    }

    fn targets(&self) -> Arc<[Arc<Target>]> {
        Arc::clone(&self.targets.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Target {
    /// The target of a node; a node that started anew has no past.
    fn new(node: &Node, known: Option<&Self>) -> Option<Self> {
        let address = node.address.as_deref()?;
        let same =
            known.filter(|known| known.started == node.registered_at && &*known.address == address);
        Some(Self {
            id: node.id,
            name: node.name.clone(),
            address: address.into(),
            ring: node.ring,
            started: node.registered_at,
            draining: node.draining,
            load: same.map_or_else(Arc::default, |known| Arc::clone(&known.load)),
        })
    }
}

impl Load {
    fn until(&self) -> u64 {
        self.passed_over_until.load(Ordering::Relaxed)
    }

    const fn of(&self, kind: Kind) -> &AtomicU32 {
        match kind {
            Kind::Request => &self.in_flight,
            Kind::Stream => &self.streams,
        }
    }

    fn seat(self: &Arc<Self>, kind: Kind, most: u32) -> Option<Seat> {
        let before = self.of(kind).fetch_add(1, Ordering::Relaxed);
        let seat = Seat {
            load: Arc::clone(self),
            kind,
        };
        (before < most).then_some(seat)
    }
}

/// The less busy of two that chance takes out of all.
fn two<'a, I: Iterator<Item = &'a Arc<Target>>>(
    kind: Kind,
    all: impl Fn() -> I,
) -> Option<&'a Arc<Target>> {
    let count = all().count();
    match count {
        0 | 1 => return all().next(),
        _ => {}
    }
    let mut chance = rand::rng();
    let first = chance.random_range(0..count);
    // Another one than the first.
    let second = (first + chance.random_range(1..count)) % count;
    let (first, second) = (all().nth(first)?, all().nth(second)?);
    let busy = |target: &Target| target.load.of(kind).load(Ordering::Relaxed);
    Some(if busy(second) < busy(first) {
        second
    } else {
        first
    })
}

#[cfg(test)]
#[path = "nodes/tests.rs"]
mod tests;
