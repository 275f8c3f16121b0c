//! Workers that die. Each step is left once before and once after its effect, so that the next
//! worker runs every step on what the first one left, and the end is the same.

use std::process::{Command, Stdio};

use cp_app::worker::{Fault, FaultManner, Moment, Outcome};
use cp_domain::{OperationKind, OperationState};
use testkit::eventually;

use crate::fixture::{ControlPlane, LIMIT, Traces};

async fn clean_run(control_plane: &ControlPlane) -> Traces {
    let accepted = control_plane.provision("clean").await;
    control_plane.traces(accepted.tenant_id, "clean").await
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_step_a_worker_dies_in_the_next_one_finishes() {
    let control_plane = ControlPlane::new().await;
    let clean = clean_run(&control_plane).await;
    let mut mails = 1;
    for (number, step) in OperationKind::Provision.steps().iter().enumerate() {
        for moment in [Moment::Before, Moment::After] {
            let slug = format!(
                "t{number}-{}",
                if moment == Moment::After {
                    "after"
                } else {
                    "before"
                }
            );
            let accepted = control_plane.ask_for(&slug).await;
            let fault = Fault {
                step: *step,
                moment,
                manner: FaultManner::Leave,
            };
            let left = control_plane
                .worker(Some(fault))
                .carry_out(accepted.operation_id)
                .await;
            assert!(matches!(left, Outcome::Left), "{slug}: {left:?}");
            // Its lease has not run out: nobody else may have the operation.
            let early = control_plane
                .worker(None)
                .carry_out(accepted.operation_id)
                .await;
            assert!(matches!(early, Outcome::Taken), "{slug}: {early:?}");
            control_plane
                .finish(accepted.operation_id, OperationState::Succeeded)
                .await;
            mails += 1;
            let traces = control_plane.traces(accepted.tenant_id, &slug).await;
            assert_eq!(
                traces,
                Traces {
                    mails,
                    ..clean.clone()
                },
                "{slug}"
            );
            let operation = control_plane.operation(accepted.operation_id).await;
            let tries: Vec<u16> = operation.steps.iter().map(|step| step.attempts).collect();
            assert_eq!(tries[number], 2, "{slug}: {tries:?}");
        }
    }
}

/// The same with processes that really end as by `kill -9`.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_is_followed_by_another() {
    let control_plane = ControlPlane::new().await;
    let clean = clean_run(&control_plane).await;
    for (step, mails) in OperationKind::Provision.steps().iter().zip(2..) {
        let slug = step.as_str().replace('_', "-");
        let accepted = control_plane.ask_for(&slug).await;
        let mut killed = worker_process(&control_plane, Some(step.as_str()));
        let status = tokio::task::spawn_blocking(move || killed.wait().unwrap());
        let status = status.await.unwrap();
        assert!(
            !status.success(),
            "{slug}: the worker should have been killed"
        );
        let operation = control_plane.operation(accepted.operation_id).await;
        assert_eq!(operation.state, OperationState::Running, "{slug}");
        control_plane
            .finish(accepted.operation_id, OperationState::Succeeded)
            .await;
        let traces = control_plane.traces(accepted.tenant_id, &slug).await;
        assert_eq!(
            traces,
            Traces {
                mails,
                ..clean.clone()
            },
            "{slug}"
        );
    }
}

/// A process that only works takes up what a killed one left, by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_process_finds_what_a_killed_one_left() {
    let control_plane = ControlPlane::new().await;
    let accepted = control_plane.ask_for("acme").await;
    let mut killed = worker_process(&control_plane, Some("migrate"));
    tokio::task::spawn_blocking(move || killed.wait().unwrap())
        .await
        .unwrap();
    control_plane.lapse(accepted.operation_id).await;
    let mut next = worker_process(&control_plane, None);
    eventually(LIMIT, async || {
        let operation = control_plane.operation(accepted.operation_id).await;
        operation.state == OperationState::Succeeded
    })
    .await;
    next.kill().unwrap();
    next.wait().unwrap();
}

fn worker_process(control_plane: &ControlPlane, dies_after: Option<&str>) -> std::process::Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_control-plane"));
    command
        .arg("work")
        .envs(control_plane.environment.iter().cloned());
    command.env("CP__MAILER__URL", "smtp://127.0.0.1:9");
    if let Some(step) = dies_after {
        command.env("CP__FAULT__STOP_AFTER", step);
    }
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
