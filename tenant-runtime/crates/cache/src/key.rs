//! What an entry is known by.

use std::fmt;

use kernel::TenantContext;
use uuid::Uuid;

/// What is kept. The number in a word changes with the form of the answer, so that two releases
/// beside each other never read each other's entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A grid as a board.
    Board,
}

impl Kind {
    /// The word in keys and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Board => "board.1",
        }
    }
}

/// A tenant's scope at a version. The generation is part of it: a restored database counts its
/// versions from an earlier point again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// The tenant and the generation of its database.
    pub tenant: TenantContext,
    /// What is kept.
    pub kind: Kind,
    /// Of which grid or folder.
    pub scope: Uuid,
    /// At which version of it.
    pub version: u64,
}

impl fmt::Display for Key {
    /// The `_id` of the document.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            tenant,
            kind,
            scope,
            version,
        } = self;
        write!(
            f,
            "{}/{}/{}/{scope}/{version}",
            tenant.tenant,
            tenant.generation.0,
            kind.as_str()
        )
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Generation, TenantId};

    use super::*;

    #[test]
    fn every_part_tells_keys_apart() {
        let key = |tenant: u128, generation, scope: u128, version| {
            let tenant = TenantContext {
                tenant: TenantId::from_uuid(Uuid::from_u128(tenant)),
                generation: Generation(generation),
            };
            Key {
                tenant,
                kind: Kind::Board,
                scope: Uuid::from_u128(scope),
                version,
            }
            .to_string()
        };
        assert_eq!(
            key(1, 2, 3, 4),
            "00000000-0000-0000-0000-000000000001/2/board.1/\
             00000000-0000-0000-0000-000000000003/4"
        );
        let others = [
            key(2, 2, 3, 4),
            key(1, 3, 3, 4),
            key(1, 2, 4, 4),
            key(1, 2, 3, 5),
        ];
        assert!(others.iter().all(|other| *other != key(1, 2, 3, 4)));
    }
}
