//! The closed vocabularies of the domain, each with one word per value in JSON, API and database.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A text is no word of a vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {expected:?}")]
pub struct UnknownWord {
    /// The words there are.
    pub expected: &'static [&'static str],
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant),*
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            /// Every word.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            /// The word in JSON and in the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(s: &str) -> Result<Self, UnknownWord> {
                match s {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(UnknownWord { expected: Self::WORDS }),
                }
            }
        }
    )*};
}

words! {
    /// The six kinds of work item.
    WorkItemKind {
        /// The root of a plan.
        Grid = "grid",
        /// A column of a grid.
        Stage = "stage",
        /// A row of a grid.
        Theme = "theme",
        /// What lies at the crossing of a stage and a theme.
        Element = "element",
        /// A decision after a stage.
        Gate = "gate",
        /// A piece of work in an element or gate.
        Task = "task",
    }
    /// How an element is completed.
    ElementType {
        /// By its tasks.
        WithTasks = "with_tasks",
        /// By a tick.
        Checkable = "checkable",
        /// Never; it is not scheduled either.
        Information = "information",
    }
    /// A status set by a person.
    Rag {
        /// In trouble.
        Red = "red",
        /// At risk.
        Amber = "amber",
        /// On track.
        Green = "green",
    }
    /// What was decided at a gate.
    GateOutcome {
        /// Go on.
        Proceed = "proceed",
        /// Go on, with conditions.
        ProceedWithConditions = "proceed_with_conditions",
        /// Wait.
        Hold = "hold",
        /// End.
        Stop = "stop",
    }
    /// Who sets an item's dates.
    Scheduling {
        /// The scheduler.
        Auto = "auto",
        /// People.
        Manual = "manual",
    }
    /// A limit on an item's dates.
    Constraint {
        /// As its predecessors allow.
        AsSoonAsPossible = "as_soon_as_possible",
        /// As its successors allow.
        AsLateAsPossible = "as_late_as_possible",
        /// Start on the date or later.
        StartNoEarlierThan = "start_no_earlier_than",
        /// Start on the date or earlier.
        StartNoLaterThan = "start_no_later_than",
        /// Finish on the date or later.
        FinishNoEarlierThan = "finish_no_earlier_than",
        /// Finish on the date or earlier.
        FinishNoLaterThan = "finish_no_later_than",
        /// Start on the date.
        MustStartOn = "must_start_on",
        /// Finish on the date.
        MustFinishOn = "must_finish_on",
    }
    /// Which ends a dependency ties.
    DependencyKind {
        /// The predecessor's finish to the successor's start.
        FinishToStart = "FS",
        /// Start to start.
        StartToStart = "SS",
        /// Finish to finish.
        FinishToFinish = "FF",
        /// The predecessor's start to the successor's finish.
        StartToFinish = "SF",
    }
    /// What somebody may be told of.
    Trigger {
        /// Something was assigned to them.
        Assigned = "assigned",
        /// Something was taken from them.
        Unassigned = "unassigned",
        /// Something of theirs was completed.
        Completed = "completed",
        /// Something of theirs was reopened.
        Reopened = "reopened",
        /// A gate that concerns them was decided.
        GateDecided = "gate_decided",
        /// A gate that concerns them is open again.
        GateReopened = "gate_reopened",
        /// What they have to do is to be done at another time.
        DatesChanged = "dates_changed",
        /// Something was shared with them, or more of it.
        Shared = "shared",
        /// What they have to do is due soon.
        DueSoon = "due_soon",
    }
    /// When somebody gets mail of something.
    MailChoice {
        /// Once it has settled.
        Instant = "instant",
        /// Once a day.
        Daily = "daily",
        /// Never.
        Off = "off",
    }
    /// What a right may be given on.
    ObjectKind {
        /// A folder.
        Folder = "folder",
        /// A grid.
        Grid = "grid",
    }
    /// How the delivery of a webhook stands.
    DeliveryState {
        /// It is tried, perhaps again.
        Pending = "pending",
        /// The receiver took it.
        Succeeded = "succeeded",
        /// It is not tried any more, unless it is replayed.
        Failed = "failed",
    }
    /// Why a webhook hears of nothing.
    DisabledReason {
        /// A person disabled it.
        Person = "person",
        /// Its receiver answered that it is gone for good.
        Gone = "gone",
        /// Its receiver took nothing for days.
        Failing = "failing",
    }
}

impl Constraint {
    /// Whether the constraint means nothing without a date.
    #[must_use]
    pub const fn needs_date(self) -> bool {
        !matches!(self, Self::AsSoonAsPossible | Self::AsLateAsPossible)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_and_fits_its_column() {
        for kind in WorkItemKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            assert!(kind.as_str().len() <= 8);
        }
        assert!(Constraint::WORDS.iter().all(|word| word.len() <= 32));
        assert!(GateOutcome::WORDS.iter().all(|word| word.len() <= 32));
        assert!("Grid".parse::<WorkItemKind>().is_err());
    }
}
