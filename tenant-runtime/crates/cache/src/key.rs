//! What an entry is known by.

use std::fmt;

use kernel::TenantContext;
use uuid::Uuid;

/// What is kept. `cargo xtask bench cache` measures what a hit gains; what gains less than five times
/// is no kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A grid as a board.
    Board,
    /// A grid as a Gantt chart: its computed schedule. Scheduling fills it.
    Gantt,
}

/// What is particular to a kind.
#[derive(Debug, Clone, Copy)]
pub struct KindSpec {
    /// The kind.
    pub kind: Kind,
    /// The word in keys and metrics. Its number changes with the form of the answer, so that two
    /// releases beside each other never read each other's entries.
    pub word: &'static str,
    /// Whose version its entries are kept under, and by which they are looked for.
    pub scope: &'static str,
}

/// Every kind.
pub const KINDS: [KindSpec; 2] = [
    KindSpec {
        kind: Kind::Board,
        word: "board.1",
        scope: "grid",
    },
    KindSpec {
        kind: Kind::Gantt,
        word: "gantt.1",
        scope: "grid",
    },
];

impl Kind {
    /// What is particular to it.
    #[must_use]
    pub const fn spec(self) -> &'static KindSpec {
        match self {
            Self::Board => &KINDS[0],
            Self::Gantt => &KINDS[1],
        }
    }

    /// The word in keys and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.spec().word
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

impl Key {
    /// The `_id` of the note that says which version was kept last.
    pub(crate) fn last(&self) -> String {
        let key = self.to_string();
        let (scope, _) = key.rsplit_once('/').unwrap_or_default();
        format!("{scope}/last")
    }
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
    use std::collections::BTreeSet;

    use kernel::{Generation, TenantId};

    use super::*;

    #[test]
    fn every_kind_has_its_row_and_a_word_of_its_own() {
        for spec in &KINDS {
            assert_eq!(spec.kind.spec().word, spec.word);
        }
        let words: BTreeSet<_> = KINDS.iter().map(|spec| spec.word).collect();
        assert_eq!(words.len(), KINDS.len());
    }

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
