//! Several workers: leases and fences.

use std::time::Duration;

use cp_app::worker::Outcome;
use cp_domain::{OperationState, StepState};
use cp_store::{OperationStore, StepChange};
use testkit::eventually;
use tokio_util::sync::CancellationToken;

use crate::fixture::{ControlPlane, LIMIT};

#[tokio::test(flavor = "multi_thread")]
async fn of_several_workers_one_runs_an_operation() {
    let control_plane = ControlPlane::new().await;
    let accepted = control_plane.ask_for("acme").await;
    let workers: Vec<_> = (0..5)
        .map(|_| {
            let worker = control_plane.worker(None);
            tokio::spawn(async move { worker.carry_out(accepted.operation_id).await })
        })
        .collect();
    let mut ended = 0;
    for worker in workers {
        match worker.await.unwrap() {
            Outcome::Ended(OperationState::Succeeded) => ended += 1,
            Outcome::Taken => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(ended, 1);
    let operation = control_plane.operation(accepted.operation_id).await;
    assert!(operation.steps.iter().all(|step| step.attempts == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_lost_its_lease_cannot_write() {
    let control_plane = ControlPlane::new().await;
    let accepted = control_plane.ask_for("acme").await;
    let (conn, now) = (
        control_plane.parts.central.conn(),
        control_plane.fleet().clock.now(),
    );
    let lease = Duration::from_millis(1);
    let stuck = OperationStore::take(conn, accepted.operation_id, "stuck", lease, now).await;
    let stuck = stuck.unwrap().unwrap();
    let next = control_plane.worker(None);
    let ended = eventually(LIMIT, async || {
        match next.carry_out(accepted.operation_id).await {
            Outcome::Taken => None,
            outcome => Some(outcome),
        }
    })
    .await;
    assert!(
        matches!(ended, Outcome::Ended(OperationState::Succeeded)),
        "{ended:?}"
    );

    let change = StepChange {
        ordinal: 1,
        state: StepState::Failed,
        error: Some("late".into()),
    };
    let (running, changes) = (OperationState::Running, [change]);
    assert!(!OperationStore::beat(conn, stuck, lease).await.unwrap());
    assert!(
        !OperationStore::advance(conn, stuck, running, &changes, lease, now)
            .await
            .unwrap()
    );
    let states = (OperationState::Succeeded, OperationState::Failed);
    assert!(
        !OperationStore::release(conn, stuck, states, &changes, lease, now)
            .await
            .unwrap()
    );
    let operation = control_plane.operation(accepted.operation_id).await;
    assert_eq!(operation.state, OperationState::Succeeded);
    assert_eq!(operation.steps[0].state, StepState::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_finds_operations_by_itself_and_does_several_at_once() {
    let control_plane = ControlPlane::new().await;
    let (worker, stop) = (control_plane.worker(None), CancellationToken::new());
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { worker.run(stop).await }
    });
    let mut accepted = Vec::new();
    for number in 0..6 {
        accepted.push(control_plane.ask_for(&format!("tenant-{number}")).await);
    }
    for one in accepted {
        eventually(LIMIT, async || {
            control_plane.operation(one.operation_id).await.state == OperationState::Succeeded
        })
        .await;
    }
    stop.cancel();
    running.await.unwrap();
}
