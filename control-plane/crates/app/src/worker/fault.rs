//! Faults on purpose: a worker that dies at a given moment of a given step, for the tests that
//! prove that the next one finishes.

use cp_domain::StepName;

/// When a worker dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The step is written down as begun and has had no effect.
    Before,
    /// The step has had its effect, which is not written down.
    After,
}

/// How it dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultManner {
    /// The process ends at once, as by `kill -9`.
    Abort,
    /// The worker lets everything lie; the process goes on.
    Leave,
}

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// At which step.
    pub step: StepName,
    /// When.
    pub moment: Moment,
    /// How.
    pub manner: FaultManner,
}

impl Fault {
    /// Whether the worker is to let everything lie now.
    pub(super) fn strikes(fault: Option<Self>, step: StepName, moment: Moment) -> bool {
        let Some(fault) = fault.filter(|f| f.step == step && f.moment == moment) else {
            return false;
        };
        if fault.manner == FaultManner::Abort {
            tracing::error!(%step, ?moment, "fault on purpose: this process ends");
            std::process::abort();
        }
        true
    }
}
