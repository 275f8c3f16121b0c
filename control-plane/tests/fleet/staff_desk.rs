//! The rest of the staff API with its own client: people, providers, support access.

use cp_app::support;
use cp_domain::StaffRole;
use cp_staff_api::{
    PageQuery, PeopleQuery, Reason, StaffApiError, SupportQuery, SupportRequest, SupportState,
};
use kernel::{ConnectionId, Limit, PersonId};
use uuid::Uuid;

use crate::staff_api::Served;

fn code(error: &StaffApiError) -> &str {
    &error.problem().unwrap().code
}

fn reason() -> Reason {
    Reason {
        reason: "the phone was lost".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_look_after_people_by_their_role() {
    let served = Served::new(false).await;
    let (owner, _) = served.staff(StaffRole::Owner).await;
    let (support, _) = served.staff(StaffRole::Support).await;
    let (operator, _) = served.staff(StaffRole::Operator).await;
    let acme = served.control_plane.provision("acme").await.tenant_id;
    served.control_plane.provision("globex").await;
    let of = |q: &str, tenant_id, limit| PeopleQuery {
        q: Some(q.to_owned()),
        tenant_id,
        limit: Limit::new(limit).unwrap(),
        cursor: None,
    };
    let all = support.people(&of("architect@", None, 1)).await.unwrap();
    assert_eq!(all.data.len(), 1);
    let second = PeopleQuery {
        cursor: all.next_cursor.clone(),
        ..of("architect@", None, 1)
    };
    let second = support.people(&second).await.unwrap();
    assert_eq!(second.data[0].email, "architect@globex.example");
    assert_eq!(second.next_cursor, None);
    let here = support.people(&of("", Some(acme), 10)).await.unwrap();
    assert_eq!(here.data.len(), 1);
    let id = here.data[0].id;
    let person = support.person(id).await.unwrap();
    assert_eq!(person.tenants[0].slug, "acme");
    assert_eq!(person.tenants[0].state, "invited");
    assert!(!person.factors.password && person.factors.totp_since.is_none());
    assert_eq!(person.lockout.unwrap().password.failures, 0);
    let sessions = support.person_sessions(id, &PageQuery::default()).await;
    assert!(sessions.unwrap().data.is_empty());
    support.clear_lockout(id).await.unwrap();
    support.end_person_sessions(id).await.unwrap();
    let refused = support.reset_person_factors(id, &reason()).await;
    assert_eq!(code(&refused.unwrap_err()), "forbidden");
    owner.reset_person_factors(id, &reason()).await.unwrap();
    assert_eq!(code(&operator.person(id).await.unwrap_err()), "forbidden");
    let nobody = PersonId::from_uuid(Uuid::nil());
    assert_eq!(
        code(&support.person(nobody).await.unwrap_err()),
        "not_found"
    );
    assert_eq!(
        code(&support.clear_lockout(nobody).await.unwrap_err()),
        "not_found"
    );
    assert!(operator.connections(acme).await.unwrap().data.is_empty());
    let connection = ConnectionId::from_uuid(Uuid::nil());
    let none = owner.stop_connection(acme, connection, &reason()).await;
    assert_eq!(code(&none.unwrap_err()), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn access_to_a_tenant_is_asked_for_once_and_given_back() {
    let served = Served::new(false).await;
    let (support, _) = served.staff(StaffRole::Support).await;
    let (owner, _) = served.staff(StaffRole::Owner).await;
    let acme = served.control_plane.provision("acme").await.tenant_id;
    let body = SupportRequest {
        tenant_id: acme,
        reason: "The Gantt is empty".to_owned(),
        minutes: 30,
    };
    let made = support
        .request_support_access(&body, Some("k"))
        .await
        .unwrap();
    let same = support
        .request_support_access(&body, Some("k"))
        .await
        .unwrap();
    assert_eq!(made, same);
    let again = support.request_support_access(&body, None).await;
    assert_eq!(code(&again.unwrap_err()), "conflict");
    let short = SupportRequest {
        reason: "why not".to_owned(),
        minutes: 9999,
        ..body.clone()
    };
    let short = owner
        .request_support_access(&short, None)
        .await
        .unwrap_err();
    assert_eq!(short.problem().unwrap().errors.len(), 2);
    let early = support.enter_tenant(made.id).await;
    assert_eq!(code(&early.unwrap_err()), "invalid_state");
    // The tenant's architects, and nobody else, may turn that; others of the staff see it.
    assert_eq!(
        code(&owner.enter_tenant(made.id).await.unwrap_err()),
        "not_found"
    );
    let seen = owner
        .support_accesses(&SupportQuery::default())
        .await
        .unwrap();
    assert_eq!(seen.data, std::slice::from_ref(&made));
    let auth = &served.control_plane.parts.auth;
    let listed = support::list_for_tenant(auth, acme, None, Limit::default()).await;
    assert_eq!(listed.unwrap().len(), 1);
    let ended = support.end_support_access(made.id).await.unwrap();
    assert_eq!(ended.state, SupportState::Ended);
    let twice = support.end_support_access(made.id).await;
    assert_eq!(code(&twice.unwrap_err()), "invalid_state");
    support.request_support_access(&body, None).await.unwrap();
}
