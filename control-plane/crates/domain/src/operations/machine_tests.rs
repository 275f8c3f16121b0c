use kernel::TypedId;
use proptest::prelude::*;

use super::*;

fn provision() -> Operation {
    Operation {
        id: OperationId::from_uuid(uuid::Uuid::nil()),
        kind: OperationKind::Provision,
        tenant: TypedId::from_uuid(uuid::Uuid::nil()),
        state: OperationState::Queued,
        input: "{}".to_owned(),
        requested_by: None,
        fence: 0,
        steps: Operation::new_steps(OperationKind::Provision),
        created_at: DateTime::UNIX_EPOCH,
        started_at: None,
        finished_at: None,
    }
}

fn set(operation: &mut Operation, ordinal: u8, state: StepState) {
    for step in &mut operation.steps {
        if step.ordinal == ordinal {
            step.state = state;
        }
    }
}

/// What befalls an operation between two steps of a worker.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Good,
    Crash,
    Failure,
    Retry,
    Cancel,
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        6 => Just(Fate::Good),
        2 => Just(Fate::Crash),
        1 => Just(Fate::Failure),
        1 => Just(Fate::Retry),
        1 => Just(Fate::Cancel),
    ];
    prop::collection::vec(fate, 0..40)
}

fn befall(operation: &mut Operation, fate: Fate) {
    match fate {
        Fate::Retry => {
            if let Ok(state) = operation.retried() {
                operation.state = state;
            }
        }
        Fate::Cancel => {
            if let Ok(state) = operation.cancelled() {
                operation.state = state;
            }
        }
        Fate::Good | Fate::Crash | Fate::Failure => match (operation.next(), fate) {
            (Next::Run(step), Fate::Good) => set(operation, step.ordinal, StepState::Succeeded),
            (Next::Run(step), Fate::Crash) => set(operation, step.ordinal, StepState::Running),
            (Next::Run(step), _) => {
                set(operation, step.ordinal, StepState::Failed);
                operation.state = OperationState::Failed;
            }
            (Next::Undo(step), Fate::Good) => set(operation, step.ordinal, StepState::Undone),
            (Next::Undo(_), _) | (Next::Rest, _) => {}
            (Next::Finish(state), _) => operation.state = state,
        },
    }
}

#[test]
fn steps_run_in_order_and_end_well() {
    let mut operation = provision();
    let mut seen = Vec::new();
    while let Next::Run(step) = operation.next() {
        seen.push(step.name);
        set(&mut operation, step.ordinal, StepState::Succeeded);
    }
    assert_eq!(seen, OperationKind::Provision.steps());
    assert_eq!(operation.next(), Next::Finish(OperationState::Succeeded));
}

#[test]
fn a_step_that_was_begun_is_repeated_and_is_undone() {
    let mut operation = provision();
    set(&mut operation, 1, StepState::Succeeded);
    set(&mut operation, 2, StepState::Running);
    assert!(matches!(
        operation.next(),
        Next::Run(StepRun { ordinal: 2, .. })
    ));
    operation.state = operation.cancelled().unwrap();
    assert!(matches!(
        operation.next(),
        Next::Undo(StepRun { ordinal: 2, .. })
    ));
}

#[test]
fn what_is_over_stays_over() {
    let mut operation = provision();
    for state in [OperationState::Succeeded, OperationState::Cancelled] {
        operation.state = state;
        assert_eq!(operation.next(), Next::Rest);
        assert_eq!(operation.retried(), Err(OperationRuleError::NotFailed));
        assert_eq!(operation.cancelled(), Err(OperationRuleError::Over));
    }
}

proptest! {
    /// Whatever happens on the way, done means every step done and cancelled means none left,
    /// and from anywhere a patient worker gets to one of the two.
    #[test]
    fn every_way_ends_whole(fates in fates(), cancel: bool) {
        let mut operation = provision();
        for fate in fates {
            befall(&mut operation, fate);
        }
        if cancel {
            befall(&mut operation, Fate::Cancel);
        }
        for _ in 0..40 {
            befall(&mut operation, Fate::Retry);
            befall(&mut operation, Fate::Good);
        }
        match operation.state {
            OperationState::Succeeded => {
                prop_assert!(operation.steps.iter().all(|s| s.state == StepState::Succeeded));
            }
            OperationState::Cancelled => {
                prop_assert!(operation.steps.iter().all(|s| !s.state.may_have_effect()));
            }
            other => prop_assert!(false, "ended as {other}"),
        }
    }

    /// Steps are undone from the last to the first.
    #[test]
    fn undoing_goes_backwards(done in 0u8..=6) {
        let mut operation = provision();
        for ordinal in 1..=done {
            set(&mut operation, ordinal, StepState::Succeeded);
        }
        operation.state = OperationState::Undoing;
        let mut last = u8::MAX;
        while let Next::Undo(step) = operation.next() {
            prop_assert!(step.ordinal < last);
            last = step.ordinal;
            set(&mut operation, step.ordinal, StepState::Undone);
        }
        prop_assert_eq!(operation.next(), Next::Finish(OperationState::Cancelled));
    }
}
