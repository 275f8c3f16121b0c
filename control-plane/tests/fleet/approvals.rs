//! The second person: many people are not put out of service by one.

use std::time::Duration;

use cp_domain::StaffRole;
use cp_staff_api::{ApprovalState, StaffApiError, SuspendTenant};
use kernel::TenantId;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use uuid::Uuid;

use crate::staff_api::Served;

fn code(error: &StaffApiError) -> &str {
    &error.problem().unwrap().code
}

fn body(confirm: Option<&str>) -> SuspendTenant {
    SuspendTenant {
        reason: "unpaid".to_owned(),
        confirm: confirm.map(str::to_owned),
    }
}

/// Gives a tenant this many people, who never come.
async fn crowd(served: &Served, tenant: TenantId, people: u32) {
    let conn = served.control_plane.parts.central.conn();
    for number in 0..people {
        let id = Uuid::now_v7();
        for (text, values) in [
            (
                "INSERT INTO people (id, email, name, created_at, updated_at) \
                 VALUES (?, ?, 'N', NOW(6), NOW(6))",
                vec![id.into(), format!("n{number}-{id}@crowd.example").into()],
            ),
            (
                "INSERT INTO memberships (member_id, tenant_id, person_id, role, external, state, \
                 version, projected, created_at, updated_at) \
                 VALUES (?, ?, ?, 'user', 0, 'active', 1, 1, NOW(6), NOW(6))",
                vec![Uuid::now_v7().into(), tenant.as_uuid().into(), id.into()],
            ),
        ] {
            let statement = Statement::from_sql_and_values(DbBackend::MySql, text, values);
            conn.execute_raw(statement).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_people_are_put_out_of_service_by_two() {
    let served = Served::new(false).await;
    let (owner, _) = served.staff(StaffRole::Owner).await;
    let (operator, _) = served.staff(StaffRole::Operator).await;
    let (support, _) = served.staff(StaffRole::Support).await;
    let id = served.control_plane.provision("acme").await.tenant_id;
    crowd(&served, id, 50).await;
    let untyped = operator.suspend_tenant(id, &body(None)).await.unwrap_err();
    assert_eq!(untyped.problem().unwrap().errors[0].pointer, "/confirm");
    let mistyped = operator.suspend_tenant(id, &body(Some("acne"))).await;
    assert_eq!(code(&mistyped.unwrap_err()), "validation_failed");
    let waits = operator.suspend_tenant(id, &body(Some("acme"))).await;
    assert_eq!(code(&waits.unwrap_err()), "second_person_required");
    // Asked twice, it waits once.
    let waits = operator.suspend_tenant(id, &body(Some("acme"))).await;
    assert_eq!(code(&waits.unwrap_err()), "second_person_required");
    let waiting = owner.approvals(&Default::default()).await.unwrap().data;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].state, ApprovalState::Requested);
    let approval = waiting[0].id.as_str();
    assert_eq!(
        code(&operator.approve(approval).await.unwrap_err()),
        "forbidden"
    );
    assert_eq!(
        code(&support.approve(approval).await.unwrap_err()),
        "forbidden"
    );
    let accepted = owner.approve(approval).await.unwrap();
    assert_eq!(accepted.tenant_id, id);
    let decided = owner.approval(approval).await.unwrap();
    assert_eq!(decided.state, ApprovalState::Approved);
    assert_eq!(decided.operation_id, Some(accepted.operation_id));
    assert_eq!(
        code(&owner.approve(approval).await.unwrap_err()),
        "invalid_state"
    );
    let audit = owner.audit(&Default::default()).await.unwrap().data;
    for action in ["approval.request", "approval.approve", "tenant.suspend"] {
        assert_eq!(
            audit.iter().filter(|e| e.action == action).count(),
            1,
            "{action}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_declined_or_too_old_is_not_done() {
    let served = Served::new(false).await;
    let (owner, _) = served.staff(StaffRole::Owner).await;
    let (operator, _) = served.staff(StaffRole::Operator).await;
    let id = served.control_plane.provision("acme").await.tenant_id;
    crowd(&served, id, 50).await;
    let newest = async || {
        let waits = operator.suspend_tenant(id, &body(Some("acme"))).await;
        assert_eq!(code(&waits.unwrap_err()), "second_person_required");
        let page = owner.approvals(&Default::default()).await.unwrap();
        page.data[0].id.clone()
    };
    let first = newest().await;
    assert_eq!(
        operator.decline(&first).await.unwrap().state,
        ApprovalState::Declined
    );
    assert_eq!(
        code(&owner.approve(&first).await.unwrap_err()),
        "invalid_state"
    );
    let second = newest().await;
    assert_ne!(first, second);
    let statement = Statement::from_string(
        DbBackend::MySql,
        "UPDATE approvals SET expires_at = NOW(6) - INTERVAL 1 SECOND WHERE state = 'requested'",
    );
    let conn = served.control_plane.parts.central.conn();
    conn.execute_raw(statement).await.unwrap();
    assert_eq!(
        code(&owner.approve(&second).await.unwrap_err()),
        "invalid_state"
    );
    assert_eq!(
        owner.approval(&second).await.unwrap().state,
        ApprovalState::Expired
    );
}

/// How many rows there are.
async fn count(served: &Served, text: &str) -> i64 {
    let conn = served.control_plane.parts.central.conn();
    let statement = Statement::from_string(DbBackend::MySql, text);
    let row = conn.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_and_its_operation_are_there_both_or_neither() {
    let served = Served::new(false).await;
    let (owner, _) = served.staff(StaffRole::Owner).await;
    let (operator, _) = served.staff(StaffRole::Operator).await;
    let id = served.control_plane.provision("acme").await.tenant_id;
    crowd(&served, id, 50).await;
    let waits = operator.suspend_tenant(id, &body(Some("acme"))).await;
    assert_eq!(code(&waits.unwrap_err()), "second_person_required");
    let page = owner.approvals(&Default::default()).await.unwrap();
    let approval = page.data[0].id.clone();
    let suspensions = "SELECT COUNT(*) FROM operations WHERE kind = 'suspend'";
    // Somebody decides in a transaction that is not over: who approves has seen it waiting, and
    // comes too late in the end.
    let central = &served.control_plane.parts.central;
    let other = central.begin().await.unwrap();
    let decline = "UPDATE approvals SET state = 'declined', decided_at = NOW(6)";
    let decline = Statement::from_string(DbBackend::MySql, decline);
    other.execute_raw(decline).await.unwrap();
    let approving = async { owner.approve(&approval).await };
    let deciding = async {
        // The tenant is locked by who approves, then.
        testkit::eventually(Duration::from_secs(20), async || {
            let free = "SELECT id FROM tenants WHERE slug = 'acme' FOR UPDATE NOWAIT";
            let free = Statement::from_string(DbBackend::MySql, free);
            central.conn().query_one_raw(free).await.is_err()
        })
        .await;
        other.commit().await.unwrap();
    };
    let (approved, ()) = futures_util::join!(approving, deciding);
    assert_eq!(code(&approved.unwrap_err()), "invalid_state");
    assert_eq!(count(&served, suspensions).await, 0);
    let decided = owner.approval(&approval).await.unwrap();
    assert_eq!(decided.state, ApprovalState::Declined);
}

#[tokio::test(flavor = "multi_thread")]
async fn few_people_need_one() {
    let served = Served::new(false).await;
    let (operator, _) = served.staff(StaffRole::Operator).await;
    let id = served.control_plane.provision("acme").await.tenant_id;
    let mistyped = operator.suspend_tenant(id, &body(Some("globex"))).await;
    assert_eq!(code(&mistyped.unwrap_err()), "validation_failed");
    operator.suspend_tenant(id, &body(None)).await.unwrap();
}
