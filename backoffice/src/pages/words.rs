//! Words and tones of states, the same on every page.

use chrono::{DateTime, Utc};
use cp_staff_api::{OperationKind, OperationState, OperationView, StepState, TenantState};
use ui::{Status, Tone, duration};

fn status(tone: Tone, label: &str) -> Status {
    Status {
        tone,
        label: label.to_owned(),
    }
}

pub(crate) fn tenant_state(state: TenantState) -> Status {
    match state {
        TenantState::Requested => status(Tone::Busy, "Requested"),
        TenantState::Provisioning => status(Tone::Busy, "Provisioning"),
        TenantState::Active => status(Tone::Good, "Active"),
        TenantState::Suspended => status(Tone::Warn, "Suspended"),
        TenantState::Archived => status(Tone::Idle, "Archived"),
        TenantState::Deleted => status(Tone::Idle, "Deleted"),
        TenantState::Purged => status(Tone::Idle, "Purged"),
        TenantState::Quarantined => status(Tone::Bad, "Quarantined"),
    }
}

pub(crate) fn operation_state(state: OperationState) -> Status {
    match state {
        OperationState::Queued => status(Tone::Busy, "Queued"),
        OperationState::Running => status(Tone::Busy, "Running"),
        OperationState::Paused => status(Tone::Warn, "Paused"),
        OperationState::Undoing => status(Tone::Busy, "Undoing"),
        OperationState::Succeeded => status(Tone::Good, "Succeeded"),
        OperationState::Failed => status(Tone::Bad, "Failed"),
        OperationState::Cancelled => status(Tone::Idle, "Cancelled"),
    }
}

pub(crate) fn step_state(state: StepState) -> &'static str {
    match state {
        StepState::Pending => "pending",
        StepState::Running => "running",
        StepState::Succeeded => "succeeded",
        StepState::Failed => "failed",
        StepState::Undone => "undone",
    }
}

pub(crate) fn operation_kind(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Provision => "Provision",
        OperationKind::Suspend => "Suspend",
        OperationKind::Resume => "Resume",
    }
}

/// A step's name as a sentence: `create_database` → `Create database`.
pub(crate) fn step_name(name: &str) -> String {
    let spaced = name.replace('_', " ");
    let mut letters = spaced.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// How long an operation has run, or ran.
pub(crate) fn run_time(operation: &OperationView, now: DateTime<Utc>) -> String {
    let Some(start) = operation.started_at else {
        return "not started".to_owned();
    };
    duration(operation.finished_at.unwrap_or(now) - start)
}
