//! Which steps an operation has.

use std::{fmt, str::FromStr};

/// The word is none that this release knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown word for an operation or step")]
pub struct UnknownOperationWord;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$inner:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$inner])* $variant,)* }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in JSON and in the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownOperationWord;
            fn from_str(word: &str) -> Result<Self, UnknownOperationWord> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word).ok_or(UnknownOperationWord)
            }
        }
    };
}
pub(super) use words;

words! {
    /// What an operation does.
    OperationKind {
        /// Makes a tenant.
        Provision = "provision",
        /// Takes a tenant out of service, at the gateway and at its database.
        Suspend = "suspend",
        /// Puts it back as it was.
        Resume = "resume",
    }
}

words! {
    /// A step. Each may be run any number of times; undone, it takes away what it made.
    StepName {
        /// An opaque database with its nonce in the comment.
        CreateDatabase = "create_database",
        /// The runtime's account, data only, and the migrator's.
        CreateAccounts = "create_accounts",
        /// The schema.
        Migrate = "migrate",
        /// What every tenant starts with.
        Seed = "seed",
        /// In service from now on.
        Route = "route",
        /// The first architect gets a link by mail.
        Invite = "invite",
        /// Out of service at the gateway.
        Unroute = "unroute",
        /// Accounts locked, their sessions killed.
        LockAccounts = "lock_accounts",
        /// Accounts open again.
        UnlockAccounts = "unlock_accounts",
    }
}

impl OperationKind {
    /// The steps, in order.
    #[must_use]
    pub const fn steps(self) -> &'static [StepName] {
        match self {
            Self::Provision => &[
                StepName::CreateDatabase,
                StepName::CreateAccounts,
                StepName::Migrate,
                StepName::Seed,
                StepName::Route,
                StepName::Invite,
            ],
            Self::Suspend => &[StepName::Unroute, StepName::LockAccounts],
            Self::Resume => &[StepName::UnlockAccounts, StepName::Route],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_and_fit_the_columns() {
        for kind in OperationKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            assert!(!kind.steps().is_empty());
        }
        for step in StepName::ALL {
            assert_eq!(step.as_str().parse(), Ok(*step));
            assert!(step.as_str().len() <= 32);
        }
    }
}
