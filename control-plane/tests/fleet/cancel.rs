//! What was begun is taken back, and nothing of it is left.

use cp_app::{
    fleet::{self, OperationError, Requester},
    worker::{Fault, FaultManner, Moment, Outcome},
};
use cp_domain::{OperationKind, OperationState};
use mysql::prelude::Queryable;

use crate::fixture::{ControlPlane, admin};

#[tokio::test(flavor = "multi_thread")]
async fn after_any_step_everything_is_taken_back() {
    let control_plane = ControlPlane::new().await;
    let (fleet, requester) = (control_plane.fleet(), Requester::system());
    for step in OperationKind::Provision.steps() {
        // The slug is free again each time.
        let accepted = control_plane.ask_for("acme").await;
        let database = control_plane.database(accepted.tenant_id).await;
        let fault = Fault {
            step: *step,
            moment: Moment::After,
            manner: FaultManner::Leave,
        };
        let left = control_plane
            .worker(Some(fault))
            .carry_out(accepted.operation_id)
            .await;
        assert!(matches!(left, Outcome::Left), "{step}: {left:?}");
        fleet::cancel_operation(fleet, &requester, accepted.operation_id, None)
            .await
            .unwrap();
        control_plane
            .finish(accepted.operation_id, OperationState::Cancelled)
            .await;

        let traces = control_plane.traces(accepted.tenant_id, "acme").await;
        assert_eq!(traces.state, "purged", "{step}");
        assert_eq!(
            (traces.memberships, traces.open_invitations),
            (0, 0),
            "{step}"
        );
        let (names, nonce) = (database.names, database.nonce);
        let left: u64 = admin()
            .query_first(format!(
                "SELECT (SELECT COUNT(*) FROM information_schema.schemata \
                 WHERE schema_name = '{}' OR schema_comment = 'trellis:{nonce}') \
                 + (SELECT COUNT(*) FROM mysql.user WHERE user IN ('{}', '{}')) \
                 + (SELECT COUNT(*) FROM mysql.db WHERE user IN ('{}', '{}')) \
                 + (SELECT COUNT(*) FROM mysql.tables_priv WHERE db = '{}') \
                 + (SELECT COUNT(*) FROM mysql.columns_priv WHERE db = '{}')",
                names.database,
                names.runtime_user,
                names.migrator_user,
                names.runtime_user,
                names.migrator_user,
                names.database,
                names.database
            ))
            .unwrap()
            .unwrap();
        assert_eq!(left, 0, "{step}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ours_is_not_dropped() {
    let control_plane = ControlPlane::new().await;
    let accepted = control_plane.ask_for("acme").await;
    let name = control_plane
        .database(accepted.tenant_id)
        .await
        .names
        .database;
    admin()
        .query_drop(format!("CREATE DATABASE {name} COMMENT 'somebody else''s'"))
        .unwrap();
    let outcome = control_plane
        .worker(None)
        .carry_out(accepted.operation_id)
        .await;
    assert!(
        matches!(outcome, Outcome::Ended(OperationState::Failed)),
        "{outcome:?}"
    );
    let operation = control_plane.operation(accepted.operation_id).await;
    assert!(
        operation.steps[0]
            .error
            .as_ref()
            .unwrap()
            .contains("not ours")
    );

    let (fleet, requester) = (control_plane.fleet(), Requester::system());
    fleet::cancel_operation(fleet, &requester, accepted.operation_id, None)
        .await
        .unwrap();
    let outcome = control_plane
        .worker(None)
        .carry_out(accepted.operation_id)
        .await;
    assert!(matches!(outcome, Outcome::Again), "{outcome:?}");
    let there: Option<String> = admin()
        .query_first(format!(
            "SELECT schema_name FROM information_schema.schemata WHERE schema_name = '{name}'"
        ))
        .unwrap();
    assert_eq!(there, Some(name.clone()));
    admin().query_drop(format!("DROP DATABASE {name}")).unwrap();
    control_plane
        .finish(accepted.operation_id, OperationState::Cancelled)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_operation_is_retried_from_its_step() {
    let control_plane = ControlPlane::new().await;
    let accepted = control_plane.ask_for("acme").await;
    let name = control_plane
        .database(accepted.tenant_id)
        .await
        .names
        .database;
    admin()
        .query_drop(format!("CREATE DATABASE {name}"))
        .unwrap();
    control_plane
        .worker(None)
        .carry_out(accepted.operation_id)
        .await;
    let (fleet, requester) = (control_plane.fleet(), Requester::system());
    admin().query_drop(format!("DROP DATABASE {name}")).unwrap();
    fleet::retry_operation(fleet, &requester, accepted.operation_id, None)
        .await
        .unwrap();
    control_plane
        .finish(accepted.operation_id, OperationState::Succeeded)
        .await;
    let again = fleet::retry_operation(fleet, &requester, accepted.operation_id, None).await;
    assert!(matches!(again, Err(OperationError::Rule(_))), "{again:?}");
    let cancelled = fleet::cancel_operation(fleet, &requester, accepted.operation_id, None).await;
    assert!(
        matches!(cancelled, Err(OperationError::Rule(_))),
        "{cancelled:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_keeps_failing_in_the_central_database_says_why() {
    let control_plane = ControlPlane::new().await;
    let central = control_plane.central.name();
    let accepted = control_plane.ask_for("acme").await;
    let rename = |from: &str, to: &str| {
        let text = format!("RENAME TABLE {central}.{from} TO {central}.{to}");
        admin().query_drop(text).unwrap();
    };
    rename("invitations", "elsewhere");
    control_plane
        .finish(accepted.operation_id, OperationState::Failed)
        .await;
    let operation = control_plane.operation(accepted.operation_id).await;
    let step = &operation.steps[5];
    assert_eq!(step.attempts, 2);
    assert!(
        step.error.as_ref().unwrap().contains("invitations"),
        "{:?}",
        step.error
    );

    rename("elsewhere", "invitations");
    let (fleet, requester) = (control_plane.fleet(), Requester::system());
    fleet::retry_operation(fleet, &requester, accepted.operation_id, None)
        .await
        .unwrap();
    control_plane
        .finish(accepted.operation_id, OperationState::Succeeded)
        .await;
}
