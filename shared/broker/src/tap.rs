//! A tap: whether the consumers of a class take messages, and how many went through. Clones are
//! the same tap.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::watch;

/// How many messages went through a tap since it was made, by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flow {
    /// Their effect is committed.
    pub done: u64,
    /// They failed and wait for another attempt.
    pub retried: u64,
    /// They are dead.
    pub dead: u64,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Retried,
    Dead,
}

impl Outcome {
    /// The word in metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Retried => "retried",
            Self::Dead => "dead",
        }
    }
}

#[derive(Debug)]
struct State {
    open: watch::Sender<bool>,
    done: AtomicU64,
    retried: AtomicU64,
    dead: AtomicU64,
}

/// The tap of a class.
#[derive(Debug, Clone)]
pub struct Tap(Arc<State>);

impl Default for Tap {
    fn default() -> Self {
        Self::new(true)
    }
}

impl Tap {
    /// A tap that lets messages through, or not yet.
    #[must_use]
    pub fn new(open: bool) -> Self {
        Self(Arc::new(State {
            open: watch::Sender::new(open),
            done: AtomicU64::default(),
            retried: AtomicU64::default(),
            dead: AtomicU64::default(),
        }))
    }

    /// Lets consumers take messages. They come back within a moment.
    pub fn open(&self) {
        self.set(true);
    }

    /// Has consumers take nothing new. What was delivered to them already is still handled.
    pub fn close(&self) {
        self.set(false);
    }

    /// Whether consumers take messages.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self.0.open.borrow()
    }

    /// What went through.
    #[must_use]
    pub fn flow(&self) -> Flow {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Flow {
            done: read(&self.0.done),
            retried: read(&self.0.retried),
            dead: read(&self.0.dead),
        }
    }

    /// Waits until the tap is in this position.
    pub(crate) async fn turned(&self, open: bool) {
        // The sender lives as long as this tap.
        let _ = self.0.open.subscribe().wait_for(|now| *now == open).await;
    }

    pub(crate) fn count(&self, outcome: Outcome) {
        let count = match outcome {
            Outcome::Done => &self.0.done,
            Outcome::Retried => &self.0.retried,
            Outcome::Dead => &self.0.dead,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn set(&self, open: bool) {
        self.0.open.send_if_modified(|now| {
            let changed = *now != open;
            *now = open;
            changed
        });
    }
}
