//! One operation, step by step. What came of a step and what begins next is one commit; a step
//! whose effect lies in the central database has it in that same commit.

use std::time::Duration;

use cp_domain::{Next, Operation, OperationState, StepName, StepRun, StepState};
use cp_store::{Lease, OperationStore, StepChange, StoreError, TenantDatabaseStore};
use kernel::OperationId;
use sea_orm::DatabaseTransaction;
use tokio::time::Instant;

use super::{
    Worker,
    fault::{Fault, Moment},
    keeper::Keeper,
    steps::{Effect, StepError, Workbench},
};

/// The longest pause before a step is tried again.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// What came of carrying out an operation.
#[derive(Debug)]
pub enum Outcome {
    /// It is at rest.
    Ended(OperationState),
    /// A step failed for a reason that may pass; it is tried again later.
    Again,
    /// Another worker had it, or nothing is to be done.
    Taken,
    /// The lease was lost on the way.
    Lost,
    /// A fault on purpose.
    Left,
    /// The central database failed: whoever takes the operation when the lease has run out goes on.
    Broken(StoreError),
}

/// How a drive through the steps ends early.
enum Stop {
    Outcome(Outcome),
    /// Somebody changed the operation's state: read it again.
    Reload,
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Outcome(Outcome::Broken(error))
    }
}

pub(super) async fn execute(worker: &Worker, id: OperationId) -> Outcome {
    let asked = Instant::now();
    let taken = match take(worker, id).await {
        Ok(Some(taken)) => taken,
        Ok(None) => return Outcome::Taken,
        Err(error) => return Outcome::Broken(error),
    };
    let (lease, operation) = taken;
    worker.fleet.pushes.operation_changed(id).await;
    let keeper = Keeper::start(worker.fleet.central.clone(), lease, worker.lease(), asked);
    let run = Run {
        worker,
        lease,
        keeper: &keeper,
    };
    let outcome = tokio::select! {
        outcome = run.drive(operation) => outcome,
        () = keeper.lost() => Outcome::Lost,
    };
    worker.fleet.pushes.operation_changed(id).await;
    outcome
}

/// Takes the lease and, with the same commit, begins the first step that is due.
async fn take(worker: &Worker, id: OperationId) -> Result<Option<(Lease, Operation)>, StoreError> {
    let (fleet, now) = (&worker.fleet, worker.fleet.clock.now());
    let tx = fleet.central.begin().await?;
    let taken = OperationStore::take(&tx, id, &worker.owner, worker.lease(), now).await?;
    let Some(lease) = taken else { return Ok(None) };
    let found = OperationStore::find(&tx, id)
        .await?
        .ok_or(StoreError::Missing("operation"))?;
    let mut operation = found.operation;
    if let Next::Run(step) = operation.next() {
        let begin = change(step, StepState::Running, None);
        OperationStore::advance(&tx, lease, operation.state, &[begin], worker.lease(), now).await?;
        set(&mut operation, step.ordinal, StepState::Running);
    }
    tx.commit().await?;
    Ok(Some((lease, operation)))
}

struct Run<'a> {
    worker: &'a Worker,
    lease: Lease,
    keeper: &'a Keeper,
}

impl Run<'_> {
    async fn drive(&self, mut operation: Operation) -> Outcome {
        let mut bench = match Workbench::open(self.worker, &operation).await {
            Ok(bench) => bench,
            Err(error) => return Outcome::Broken(error),
        };
        let outcome = loop {
            if !self.keeper.holds() {
                break Outcome::Lost;
            }
            let done = match operation.next() {
                Next::Run(step) => self.run(&mut bench, &mut operation, step).await,
                Next::Undo(step) => self.undo(&mut bench, &mut operation, step).await,
                Next::Finish(state) => self.finish(&mut bench, &operation, state).await,
                Next::Rest => Err(Stop::Outcome(Outcome::Ended(operation.state))),
            };
            match done {
                Ok(()) => {}
                Err(Stop::Outcome(outcome)) => break outcome,
                Err(Stop::Reload) => match self.reload().await {
                    Ok(Some(fresh)) => operation = fresh,
                    Ok(None) => break Outcome::Lost,
                    Err(error) => break Outcome::Broken(error),
                },
            }
        };
        bench.close().await;
        outcome
    }

    async fn run(
        &self,
        bench: &mut Workbench<'_>,
        operation: &mut Operation,
        step: StepRun,
    ) -> Result<(), Stop> {
        self.fault(step.name, Moment::Before)?;
        let worked = bench.run(step.name).await;
        self.fault(step.name, Moment::After)?;
        let effect = match worked {
            Ok(effect) => effect,
            Err(error) => return Err(self.step_failed(operation, step, error).await),
        };
        set(operation, step.ordinal, StepState::Succeeded);
        let next = operation.next();
        match self.write_done(bench, operation, step, next, effect).await {
            Ok(true) => {}
            Ok(false) => return Err(Stop::Reload),
            Err(error) => return Err(self.step_failed(operation, step, error).await),
        }
        bench.committed(&effect).await;
        self.worker
            .fleet
            .pushes
            .operation_changed(operation.id)
            .await;
        match next {
            Next::Run(next) => set(operation, next.ordinal, StepState::Running),
            Next::Finish(state) => return Err(Stop::Outcome(Outcome::Ended(state))),
            Next::Undo(_) | Next::Rest => {}
        }
        Ok(())
    }

    /// One commit: the step's effect on the catalogue, that it is done, and what begins or ends.
    async fn write_done(
        &self,
        bench: &mut Workbench<'_>,
        operation: &Operation,
        step: StepRun,
        next: Next,
        effect: Effect,
    ) -> Result<bool, StepError> {
        let (fleet, now) = (&self.worker.fleet, self.worker.fleet.clock.now());
        let tx = fleet.central.begin().await.map_err(StoreError::from)?;
        let done = change(step, StepState::Succeeded, None);
        let written = match next {
            Next::Finish(to) => {
                let states = (operation.state, to);
                let pause = Duration::ZERO;
                OperationStore::release(&tx, self.lease, states, &[done], pause, now).await?
            }
            Next::Run(next) => {
                let steps = [done, change(next, StepState::Running, None)];
                self.advance(&tx, operation.state, &steps).await?
            }
            Next::Undo(_) | Next::Rest => self.advance(&tx, operation.state, &[done]).await?,
        };
        if !written {
            return Ok(false);
        }
        bench.apply(&tx, effect).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(true)
    }

    async fn undo(
        &self,
        bench: &mut Workbench<'_>,
        operation: &mut Operation,
        step: StepRun,
    ) -> Result<(), Stop> {
        self.fault(step.name, Moment::Before)?;
        let worked = bench.undo(step.name).await;
        self.fault(step.name, Moment::After)?;
        let effect = match worked {
            Ok(effect) => effect,
            Err(error) => return Err(self.undo_failed(step, error).await),
        };
        let tx = self
            .worker
            .fleet
            .central
            .begin()
            .await
            .map_err(StoreError::from)?;
        let undone = change(step, StepState::Undone, None);
        if !self.advance(&tx, operation.state, &[undone]).await? {
            return Err(Stop::Reload);
        }
        if let Err(error) = bench.apply(&tx, effect).await {
            drop(tx);
            return Err(self.undo_failed(step, error).await);
        }
        tx.commit().await.map_err(StoreError::from)?;
        bench.committed(&effect).await;
        self.worker
            .fleet
            .pushes
            .operation_changed(operation.id)
            .await;
        set(operation, step.ordinal, StepState::Undone);
        Ok(())
    }

    /// Writes that everything is done, or that everything is taken back and the tenant is gone.
    async fn finish(
        &self,
        bench: &mut Workbench<'_>,
        operation: &Operation,
        to: OperationState,
    ) -> Result<(), Stop> {
        let (fleet, now) = (&self.worker.fleet, self.worker.fleet.clock.now());
        let tx = fleet.central.begin().await.map_err(StoreError::from)?;
        let states = (operation.state, to);
        if !OperationStore::release(&tx, self.lease, states, &[], Duration::ZERO, now).await? {
            return Err(Stop::Reload);
        }
        if to == OperationState::Cancelled {
            TenantDatabaseStore::delete(&tx, bench.tenant().context()).await?;
            if let Err(error) = bench.apply(&tx, Effect::Purge).await {
                return Err(Stop::from(error.into_store()));
            }
        }
        tx.commit().await.map_err(StoreError::from)?;
        bench.committed(&Effect::Purge).await;
        Err(Stop::Outcome(Outcome::Ended(to)))
    }

    /// Writes down why a step failed: to be tried again when the reason may pass, else at rest
    /// until somebody decides.
    async fn step_failed(&self, operation: &Operation, step: StepRun, error: StepError) -> Stop {
        tracing::warn!(operation = %operation.id, step = %step.name, error = story(&error), "step failed");
        let again = error.may_pass() && step.attempts < self.worker.settings.step_attempts;
        let to = if again {
            OperationState::Queued
        } else {
            OperationState::Failed
        };
        let pause = if again {
            pause_after(step.attempts)
        } else {
            Duration::ZERO
        };
        let outcome = if again {
            Outcome::Again
        } else {
            Outcome::Ended(to)
        };
        self.give_back(step, (operation.state, to), pause, &error, outcome)
            .await
    }

    /// Undoing never gives up: what is left over would be left over for good.
    async fn undo_failed(&self, step: StepRun, error: StepError) -> Stop {
        tracing::warn!(step = %step.name, error = story(&error), "step could not be undone");
        let states = (OperationState::Undoing, OperationState::Undoing);
        let pause = MAX_PAUSE.min(self.worker.lease());
        self.give_back(step, states, pause, &error, Outcome::Again)
            .await
    }

    async fn give_back(
        &self,
        step: StepRun,
        states: (OperationState, OperationState),
        pause: Duration,
        error: &StepError,
        outcome: Outcome,
    ) -> Stop {
        let failed = [change(step, StepState::Failed, Some(story(error)))];
        let (fleet, now) = (&self.worker.fleet, self.worker.fleet.clock.now());
        let written = async {
            let tx = fleet.central.begin().await?;
            let held =
                OperationStore::release(&tx, self.lease, states, &failed, pause, now).await?;
            tx.commit().await?;
            Ok::<_, StoreError>(held)
        };
        match written.await {
            Ok(true) => Stop::Outcome(outcome),
            Ok(false) => Stop::Reload,
            Err(error) => Stop::from(error),
        }
    }

    async fn advance(
        &self,
        tx: &DatabaseTransaction,
        state: OperationState,
        steps: &[StepChange],
    ) -> Result<bool, StoreError> {
        let (length, now) = (self.worker.lease(), self.worker.fleet.clock.now());
        OperationStore::advance(tx, self.lease, state, steps, length, now).await
    }

    /// The operation as it stands now; none when another worker has it.
    async fn reload(&self) -> Result<Option<Operation>, StoreError> {
        let conn = self.worker.fleet.central.conn();
        let found = OperationStore::find(conn, self.lease.operation).await?;
        Ok(found
            .map(|found| found.operation)
            .filter(|op| op.fence == self.lease.fence))
    }

    fn fault(&self, step: StepName, moment: Moment) -> Result<(), Stop> {
        if Fault::strikes(self.worker.fault, step, moment) {
            return Err(Stop::Outcome(Outcome::Left));
        }
        Ok(())
    }
}

/// The error with what caused it, for staff: each part once.
pub(super) fn story(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

fn change(step: StepRun, state: StepState, error: Option<String>) -> StepChange {
    StepChange {
        ordinal: step.ordinal,
        state,
        error,
    }
}

fn set(operation: &mut Operation, ordinal: u8, state: StepState) {
    let step = operation
        .steps
        .iter_mut()
        .find(|step| step.ordinal == ordinal);
    if let Some(step) = step {
        if state == StepState::Running {
            step.attempts = step.attempts.saturating_add(1);
        }
        step.state = state;
    }
}

fn pause_after(attempts: u16) -> Duration {
    let exponent = u32::from(attempts).saturating_sub(1).min(6);
    (Duration::from_millis(500) * 2u32.pow(exponent)).min(MAX_PAUSE)
}
