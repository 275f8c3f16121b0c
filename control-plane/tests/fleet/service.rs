//! Out of service and back.

use cp_app::fleet::{self, Requester, ServiceError};
use cp_domain::{OperationState, TenantState};
use cp_store::{TenantStore, seal::Purpose};
use mysql::prelude::Queryable;

use crate::fixture::ControlPlane;

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_tenant_is_cut_off_at_its_database_until_it_is_resumed() {
    let control_plane = ControlPlane::new().await;
    let accepted = control_plane.provision("acme").await;
    let (fleet, requester, id) = (
        control_plane.fleet(),
        Requester::system(),
        accepted.tenant_id,
    );
    let database = control_plane.database(id).await;
    let own = Some(database.names.database.as_str());
    let mut live = control_plane
        .session(&database, Purpose::TenantRuntime, own)
        .unwrap();
    live.query_drop("SELECT 1").unwrap();

    let resumed = fleet::resume_tenant(fleet, &requester, id, None).await;
    assert!(matches!(
        resumed,
        Err(ServiceError::State(TenantState::Active))
    ));
    let suspended = fleet::suspend_tenant(fleet, &requester, id, "unpaid", None)
        .await
        .unwrap();
    let again = fleet::suspend_tenant(fleet, &requester, id, "unpaid", None).await;
    assert!(matches!(again, Err(ServiceError::Busy)));
    control_plane
        .finish(suspended.operation_id, OperationState::Succeeded)
        .await;
    let tenant = TenantStore::get(control_plane.parts.central.conn(), id)
        .await
        .unwrap();
    assert_eq!(tenant.state, TenantState::Suspended);
    assert!(
        live.query_drop("SELECT 1").is_err(),
        "the live session should have ended"
    );
    assert!(
        control_plane
            .session(&database, Purpose::TenantRuntime, own)
            .is_err()
    );

    let resumed = fleet::resume_tenant(fleet, &requester, id, None)
        .await
        .unwrap();
    control_plane
        .finish(resumed.operation_id, OperationState::Succeeded)
        .await;
    let tenant = TenantStore::get(control_plane.parts.central.conn(), id)
        .await
        .unwrap();
    assert_eq!(tenant.state, TenantState::Active);
    control_plane
        .session(&database, Purpose::TenantRuntime, own)
        .unwrap();
}
