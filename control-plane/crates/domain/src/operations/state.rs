//! The states of operations and steps.

use std::{fmt, str::FromStr};

use super::plan::{UnknownOperationWord, words};

words! {
    /// Where an operation is.
    OperationState {
        /// Waits for a worker.
        Queued = "queued",
        /// A worker has it, or had it when it died.
        Running = "running",
        /// Halted.
        Paused = "paused",
        /// What it did is being taken back.
        Undoing = "undoing",
        /// Done.
        Succeeded = "succeeded",
        /// A step failed.
        Failed = "failed",
        /// Taken back.
        Cancelled = "cancelled",
    }
}

words! {
    /// Where a step is.
    StepState {
        /// Not begun.
        Pending = "pending",
        /// Begun; whether it had its effect is not known.
        Running = "running",
        /// Done.
        Succeeded = "succeeded",
        /// Failed; it may have had a part of its effect.
        Failed = "failed",
        /// Taken back.
        Undone = "undone",
    }
}

impl OperationState {
    /// Whether a worker has something to do.
    #[must_use]
    pub const fn is_work(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Undoing)
    }

    /// Whether nothing more happens unless somebody asks for it.
    #[must_use]
    pub const fn is_at_rest(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    /// Whether it has ended for good.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Cancelled)
    }
}

impl StepState {
    /// Whether it may have left something behind.
    #[must_use]
    pub const fn may_have_effect(self) -> bool {
        matches!(self, Self::Running | Self::Succeeded | Self::Failed)
    }
}
