//! Release rings: in which order a release reaches tenants, and which nodes serve whom.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A release ring, the first to get a release first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Ring {
    /// Our own tenants.
    Internal,
    /// Customers who want to be early.
    Early,
    /// Everybody else.
    #[default]
    General,
}

impl Ring {
    /// Every ring, in the order of a release.
    pub const ALL: [Self; 3] = [Self::Internal, Self::Early, Self::General];

    /// The word in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Early => "early",
            Self::General => "general",
        }
    }
}

impl fmt::Display for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is no ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a ring is internal, early or general")]
pub struct UnknownRing;

impl FromStr for Ring {
    type Err = UnknownRing;

    fn from_str(word: &str) -> Result<Self, UnknownRing> {
        Self::ALL
            .into_iter()
            .find(|ring| ring.as_str() == word)
            .ok_or(UnknownRing)
    }
}
