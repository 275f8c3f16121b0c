//! Revisions and preconditions (RFC 9110 §13).

use std::fmt;

use serde::{Deserialize, Serialize};

/// How often people have changed a thing; its `ETag`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u32);

impl Revision {
    /// The revision after one more change.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a request asks of the revision that it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMatch {
    /// The header is missing.
    Missing,
    /// `*`: whatever it is.
    Any,
    /// Exactly this revision.
    Revision(Revision),
    /// A well-formed tag that is none of ours, so it matches nothing.
    Foreign,
}

impl IfMatch {
    /// Whether a thing of this revision may be changed; a missing header holds.
    #[must_use]
    pub fn holds(self, current: Revision) -> bool {
        match self {
            Self::Missing | Self::Any => true,
            Self::Revision(wanted) => wanted == current,
            Self::Foreign => false,
        }
    }
}
