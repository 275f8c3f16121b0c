//! Which row a message is about: an event of the outbox, or a job.

use std::fmt;

use uuid::Uuid;

/// A row of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowId {
    /// The event of this number.
    Event(u64),
    /// The job of this id.
    Job(Uuid),
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(number) => write!(f, "event {number}"),
            Self::Job(id) => write!(f, "job {id}"),
        }
    }
}

/// Rows by table.
#[derive(Debug, Default)]
pub(crate) struct Split {
    /// Events' numbers, in their order.
    pub(crate) numbers: Vec<u64>,
    /// Jobs' ids, in their order, in which everyone locks them.
    pub(crate) ids: Vec<Uuid>,
}

impl Split {
    pub(crate) fn of(rows: &[RowId]) -> Self {
        let mut split = Self::default();
        for row in rows {
            match row {
                RowId::Event(number) => split.numbers.push(*number),
                RowId::Job(id) => split.ids.push(*id),
            }
        }
        split.numbers.sort_unstable();
        split.numbers.dedup();
        split.ids.sort_unstable();
        split.ids.dedup();
        split
    }
}
