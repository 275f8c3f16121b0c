//! A tenant is asked for and made.

use std::time::Instant;

use cp_app::fleet::{self, CreateTenantError, KeyError, Keyed, Requester};
use cp_domain::{OperationState, StepState};
use cp_store::TenantStore;
use migrations::{Schema, expected_fingerprint};
use mysql::prelude::Queryable;

use crate::fixture::{ControlPlane, admin, command, hex};

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_made_step_by_step() {
    let control_plane = ControlPlane::new().await;
    let started = Instant::now();
    let accepted = control_plane.provision("acme").await;
    println!("provisioned in {:?}", started.elapsed());

    let operation = control_plane.operation(accepted.operation_id).await;
    assert!(
        operation
            .steps
            .iter()
            .all(|step| step.state == StepState::Succeeded)
    );
    assert!(
        operation
            .steps
            .iter()
            .all(|step| step.attempts == 1 && step.error.is_none())
    );
    assert!(operation.finished_at > operation.started_at);

    let conn = control_plane.parts.central.conn();
    let tenant = TenantStore::get(conn, accepted.tenant_id).await.unwrap();
    assert_eq!(tenant.schema_version, Some(Schema::Tenant.newest_version()));
    assert_eq!(
        tenant.schema_fingerprint.as_deref(),
        Some(expected_fingerprint(Schema::Tenant))
    );
    assert!(tenant.revision > 1);

    let traces = control_plane.traces(accepted.tenant_id, "acme").await;
    assert_eq!(
        (traces.state.as_str(), traces.databases, traces.accounts),
        ("active", 1, 2)
    );
    assert_eq!((traces.memberships, traces.projected), (1, 1));
    assert_eq!((traces.open_invitations, traces.mails), (1, 1));
    // tenant, event_counter, member_groups, folders, grants, labels, members
    assert_eq!(traces.seeds, [1, 1, 5, 1, 3, 4, 1]);
    let name = control_plane
        .database(accepted.tenant_id)
        .await
        .names
        .database;
    let kept: (String, String, u64) = admin()
        .query_first(format!(
            "SELECT f.name, d.default_collation_name, (SELECT COUNT(*) FROM {name}.tenant \
             WHERE tenant_id = x'{}' AND root_folder_id = f.id) FROM {name}.folders f, \
             information_schema.schemata d WHERE d.schema_name = '{name}'",
            hex(accepted.tenant_id)
        ))
        .unwrap()
        .unwrap();
    assert_eq!(
        kept,
        (
            "The acme company".to_owned(),
            "utf8mb4_unicode_ci".to_owned(),
            1
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slug_is_given_once() {
    let control_plane = ControlPlane::new().await;
    let (fleet, requester) = (control_plane.fleet(), Requester::system());
    let (one, two) = tokio::join!(
        fleet::create_tenant(fleet, &requester, command("acme"), None),
        fleet::create_tenant(fleet, &requester, command("acme"), None),
    );
    assert!(one.is_ok() ^ two.is_ok(), "{one:?} {two:?}");
    let again = fleet::create_tenant(fleet, &requester, command("acme"), None).await;
    assert!(matches!(again, Err(CreateTenantError::SlugTaken)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyed_request_has_one_effect() {
    let control_plane = ControlPlane::new().await;
    let (fleet, requester) = (control_plane.fleet(), Requester::system());
    let keyed = |body: &[u8]| Keyed::new(&requester, "POST", "/staff/v1/tenants", "key-1", body);
    let (same, other) = (keyed(b"acme"), keyed(b"globex"));
    let ask = |keyed| fleet::create_tenant(fleet, &requester, command("acme"), Some(keyed));
    let (one, two) = tokio::join!(ask(&same), ask(&same));
    assert_eq!(one.unwrap(), two.unwrap());
    let again = ask(&same).await.unwrap();
    let all = fleet::TenantFilter::default();
    let (tenants, _) = fleet::list_tenants(fleet, &all, Default::default())
        .await
        .unwrap();
    assert_eq!(tenants.len(), 1);
    let reused = fleet::create_tenant(fleet, &requester, command("globex"), Some(&other)).await;
    assert!(matches!(
        reused,
        Err(CreateTenantError::Key(KeyError::Reused))
    ));
    control_plane
        .finish(again.operation_id, OperationState::Succeeded)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_group_and_an_unknown_one_are_refused() {
    let control_plane = ControlPlane::new().await;
    let (fleet, requester) = (control_plane.fleet(), Requester::system());
    fleet::add_group(fleet, &requester, "empty", cp_domain::Ring::Early, None)
        .await
        .unwrap();
    for (group, full) in [("empty", true), ("nowhere", false)] {
        let command = fleet::CreateTenant {
            placement_group: group.to_owned(),
            ..command("acme")
        };
        let refused = fleet::create_tenant(fleet, &requester, command, None)
            .await
            .unwrap_err();
        assert_eq!(
            matches!(refused, CreateTenantError::NoRoom(_)),
            full,
            "{refused:?}"
        );
    }
}
