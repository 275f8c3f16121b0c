//! What comes next, and what retry and cancel do.

use chrono::{DateTime, Utc};
use kernel::{OperationId, StaffId, TenantId};

use super::{OperationKind, OperationState, StepName, StepState};

/// An operation with its steps, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The id.
    pub id: OperationId,
    /// What it does.
    pub kind: OperationKind,
    /// The tenant that it changes.
    pub tenant: TenantId,
    /// Where it is.
    pub state: OperationState,
    /// What it was asked for with, as JSON.
    pub input: String,
    /// The member of staff who asked for it.
    pub requested_by: Option<StaffId>,
    /// The number of its last lease: an older worker cannot write.
    pub fence: u32,
    /// The steps in order.
    pub steps: Vec<Step>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When a worker first took it.
    pub started_at: Option<DateTime<Utc>>,
    /// When it came to rest.
    pub finished_at: Option<DateTime<Utc>>,
}

/// A step as it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its place, from 1.
    pub ordinal: u8,
    /// Its name.
    pub name: StepName,
    /// Where it is.
    pub state: StepState,
    /// How often it was begun.
    pub attempts: u16,
    /// When it was last begun.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Why it failed.
    pub error: Option<String>,
}

/// A step that is to be run or undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepRun {
    /// Its place, from 1.
    pub ordinal: u8,
    /// Its name.
    pub name: StepName,
    /// How often it was begun before.
    pub attempts: u16,
}

/// What a worker does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Run this step, perhaps again.
    Run(StepRun),
    /// Take this step back, perhaps again.
    Undo(StepRun),
    /// Write down that the operation has come to this end.
    Finish(OperationState),
    /// Nothing: it is at rest.
    Rest,
}

/// What somebody asked for cannot be done in this state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OperationRuleError {
    /// Only a failed operation is retried.
    #[error("only an operation that failed can be retried")]
    NotFailed,
    /// It has ended well, or has been taken back.
    #[error("the operation is over")]
    Over,
    /// Taking back makes no sense for it.
    #[error("this kind of operation cannot be taken back")]
    NotUndoable,
}

impl Operation {
    /// The steps of a new operation.
    #[must_use]
    pub fn new_steps(kind: OperationKind) -> Vec<Step> {
        let step = |(name, ordinal): (&StepName, u8)| Step {
            ordinal,
            name: *name,
            state: StepState::Pending,
            attempts: 0,
            started_at: None,
            finished_at: None,
            error: None,
        };
        kind.steps().iter().zip(1u8..).map(step).collect()
    }

    /// What a worker that holds the lease does next. The same again until it has been written
    /// down: a worker that died is followed by one that repeats its step.
    #[must_use]
    pub fn next(&self) -> Next {
        match self.state {
            OperationState::Queued | OperationState::Running => self
                .steps
                .iter()
                .find(|step| step.state != StepState::Succeeded)
                .map_or(Next::Finish(OperationState::Succeeded), |step| {
                    Next::Run(step.run())
                }),
            OperationState::Undoing => self
                .steps
                .iter()
                .rev()
                .find(|step| step.state.may_have_effect())
                .map_or(Next::Finish(OperationState::Cancelled), |step| {
                    Next::Undo(step.run())
                }),
            OperationState::Paused
            | OperationState::Succeeded
            | OperationState::Failed
            | OperationState::Cancelled => Next::Rest,
        }
    }

    /// The state after somebody asked for another try.
    ///
    /// # Errors
    /// When it has not failed.
    pub const fn retried(&self) -> Result<OperationState, OperationRuleError> {
        match self.state {
            OperationState::Failed => Ok(OperationState::Queued),
            _ => Err(OperationRuleError::NotFailed),
        }
    }

    /// The state after somebody asked for it to be taken back.
    ///
    /// # Errors
    /// When it is over, or is of a kind that is taken back by its opposite instead.
    pub const fn cancelled(&self) -> Result<OperationState, OperationRuleError> {
        if !matches!(self.kind, OperationKind::Provision) {
            return Err(OperationRuleError::NotUndoable);
        }
        if self.state.is_over() || matches!(self.state, OperationState::Undoing) {
            return Err(OperationRuleError::Over);
        }
        Ok(OperationState::Undoing)
    }
}

impl Step {
    const fn run(&self) -> StepRun {
        StepRun {
            ordinal: self.ordinal,
            name: self.name,
            attempts: self.attempts,
        }
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
