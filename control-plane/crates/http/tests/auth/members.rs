use std::time::Duration;

use actix_web::{
    http::{
        Method,
        header::{AUTHORIZATION, COOKIE},
    },
    test::TestRequest,
};
use chrono::TimeDelta;
use cp_domain::MemberState;
use kernel::Role;
use serde_json::{Value, json};
use testkit::{eventually, mailbox};
use uuid::Uuid;

use crate::support::{Answer, Site, TestMember, TestTenant, one_tenant};

async fn invite(site: &Site, cookie: &str, email: &str, role: &str, external: bool) -> Answer {
    let body = json!({ "name": "Ivy", "email": email, "role": role, "external": external });
    site.post("/api/v1/members", cookie, &body).await
}

async fn change(site: &Site, cookie: &str, member: &TestMember, tag: &str, body: &Value) -> Answer {
    let path = format!("/api/v1/members/{}", member.id);
    site.conditional(Method::PATCH, &path, cookie, tag, Some(body))
        .await
}

async fn archive(site: &Site, cookie: &str, member: &TestMember, tag: &str) -> Answer {
    let path = format!("/api/v1/members/{}", member.id);
    site.conditional(Method::DELETE, &path, cookie, tag, None)
        .await
}

#[actix_web::test]
async fn an_architect_invites_and_the_tenant_knows_at_once() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let answer = invite(&site, &cookie, "Ivy@Acme.example", "builder", false)
        .await
        .expect(201);
    let mut body = answer.json();
    let id = body["id"].as_str().unwrap().to_owned();
    assert_eq!(
        answer.header("location"),
        Some(format!("/api/v1/members/{id}").as_str())
    );
    assert_eq!(answer.header("etag"), Some("\"1\""));
    body["id"] = json!("[id]");
    insta::assert_json_snapshot!("invited_member", body);
    let projected = tenant.projected(id.parse().unwrap()).await.unwrap();
    assert_eq!(
        projected,
        ("builder".to_owned(), false, "invited".to_owned(), 1)
    );
    assert_eq!(
        stage
            .count("SELECT COUNT(*) FROM mail_outbox WHERE state = 'queued'")
            .await,
        1
    );
    assert_eq!(
        stage
            .count("SELECT COUNT(*) FROM audit_log WHERE action = 'member.invite'")
            .await,
        1
    );

    let twice = invite(&site, &cookie, "ivy@acme.example", "user", false)
        .await
        .expect(409);
    insta::assert_json_snapshot!("already_member", twice.json());
    assert_eq!(stage.count("SELECT COUNT(*) FROM mail_outbox").await, 1);
}

#[actix_web::test]
async fn who_invites_does_not_learn_who_has_an_account() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let globex = stage.tenant("globex").await;
    let gil = stage.member(&globex, "gil", Role::User).await;
    let cookie = site.sign_in(&ada).await;
    let known = invite(&site, &cookie, &gil.email, "user", false)
        .await
        .expect(201)
        .json();
    let unknown = invite(&site, &cookie, "new@acme.example", "user", false)
        .await
        .expect(201);
    assert_eq!(known["name"], unknown.json()["name"]);
    let id: kernel::MemberId = known["id"].as_str().unwrap().parse().unwrap();
    let names = "SELECT name FROM members WHERE id = ?";
    let seen = tenant.rows(names, [id.as_uuid().into()]).await;
    assert_eq!(seen[0].try_get_by_index::<String>(0).unwrap(), "Ivy");
    // Not even when they are sent away before they came.
    let path = format!("/api/v1/members/{id}");
    site.conditional(Method::DELETE, &path, &cookie, "*", None)
        .await
        .expect(204);
    let seen = tenant.rows(names, [id.as_uuid().into()]).await;
    assert_eq!(seen[0].try_get_by_index::<String>(0).unwrap(), "Ivy");
}

#[actix_web::test]
async fn a_keyed_invitation_is_made_once() {
    let (stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let send = |email: &str| {
        let body = json!({ "name": "Ivy", "email": email, "role": "user" });
        let request = TestRequest::post()
            .uri("/api/v1/members")
            .insert_header((COOKIE, cookie.as_str()))
            .insert_header(("idempotency-key", "k1"));
        site.send(request.set_json(body))
    };
    let answers = futures_util::future::join_all((0..4).map(|_| send("ivy@acme.example"))).await;
    for answer in &answers {
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert_eq!(answer.text, answers[0].text);
        assert_eq!(answer.header("location"), answers[0].header("location"));
        assert_eq!(answer.header("etag"), Some("\"1\""));
    }
    let other = send("other@acme.example").await.expect(422);
    assert_eq!(other.json()["code"], "idempotency_key_reused");
    assert_eq!(stage.count("SELECT COUNT(*) FROM mail_outbox").await, 1);
    assert_eq!(stage.count("SELECT COUNT(*) FROM people").await, 2);
}

#[actix_web::test]
async fn bad_invitations_change_nothing() {
    let (stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let external = invite(&site, &cookie, "x@acme.example", "architect", true)
        .await
        .expect(422);
    insta::assert_json_snapshot!("external_architect", external.json());
    let role = invite(&site, &cookie, "x@acme.example", "owner", false)
        .await
        .expect(422);
    insta::assert_json_snapshot!("unknown_role", role.json());
    let email = invite(&site, &cookie, "x@acme", "user", false)
        .await
        .expect(422);
    assert_eq!(email.json()["errors"][0]["pointer"], "/email");
    let blank = json!({ "name": " \n", "email": "x@acme.example", "role": "user" });
    let blank = site
        .post("/api/v1/members", &cookie, &blank)
        .await
        .expect(422);
    assert_eq!(blank.json()["errors"][0]["pointer"], "/name");
    assert_eq!(stage.count("SELECT COUNT(*) FROM people").await, 1);
    assert_eq!(stage.count("SELECT COUNT(*) FROM mail_outbox").await, 0);
    assert_eq!(stage.count("SELECT COUNT(*) FROM audit_log").await, 0);
}

#[actix_web::test]
async fn only_architects_of_this_tenant_administer_it() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let bob = stage.member(&tenant, "bob", Role::Builder).await;
    let guest = stage.member_of(&tenant, "guest", Role::User, true).await;
    let globex = stage.tenant("globex").await;
    let gil = stage.member(&globex, "gil", Role::Architect).await;
    let bobs = site.sign_in(&bob).await;
    let guests = site.sign_in(&guest).await;
    let to_user = json!({ "role": "user" });

    let refused = invite(&site, &bobs, "x@acme.example", "user", false)
        .await
        .expect(403);
    insta::assert_json_snapshot!("members_forbidden", refused.json());
    change(&site, &bobs, &ada, "*", &to_user).await.expect(403);
    archive(&site, &bobs, &ada, "*").await.expect(403);
    // What one does not see does not exist, whoever asks.
    change(&site, &bobs, &gil, "*", &to_user).await.expect(404);
    change(&site, &guests, &ada, "*", &to_user)
        .await
        .expect(404);
    archive(&site, &guests, &ada, "*").await.expect(404);
    let adas = site.sign_in(&ada).await;
    change(&site, &adas, &gil, "*", &to_user).await.expect(404);
    invite(&site, "", "x@acme.example", "user", false)
        .await
        .expect(401);
    assert_eq!(
        stage.membership(&tenant, ada.id).await.standing.role,
        Role::Architect
    );
    assert_eq!(stage.count("SELECT COUNT(*) FROM audit_log").await, 0);
}

#[actix_web::test]
async fn a_change_needs_to_know_what_it_changes() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let bob = stage.member(&tenant, "bob", Role::User).await;
    let cookie = site.sign_in(&ada).await;
    let to_builder = json!({ "role": "builder" });
    let path = format!("/api/v1/members/{}", bob.id);
    let blind = TestRequest::patch()
        .uri(&path)
        .insert_header((COOKIE, cookie.as_str()));
    let blind = site.send(blind.set_json(&to_builder)).await.expect(428);
    insta::assert_json_snapshot!("if_match_required", blind.json());
    let stale = change(&site, &cookie, &bob, "\"1\"", &to_builder)
        .await
        .expect(412);
    insta::assert_json_snapshot!("member_changed_meanwhile", stale.json());
    // 412 before 422.
    change(&site, &cookie, &bob, "\"1\"", &json!({ "role": 7 }))
        .await
        .expect(412);
    let number = change(&site, &cookie, &bob, "\"2\"", &json!({ "role": 7 }))
        .await
        .expect(422);
    assert_eq!(number.json()["errors"][0]["pointer"], "/role");
    change(&site, &cookie, &bob, "\"2\"", &json!({ "name": "Rob" }))
        .await
        .expect(422);

    let changed = change(&site, &cookie, &bob, "\"2\"", &to_builder)
        .await
        .expect(200);
    assert_eq!(changed.header("etag"), Some("\"3\""));
    assert_eq!(changed.json()["role"], "builder");
    assert_eq!(tenant.projected(bob.id).await.unwrap().0, "builder");
    // The same again changes nothing.
    let same = change(&site, &cookie, &bob, "\"3\"", &to_builder)
        .await
        .expect(200);
    assert_eq!(same.header("etag"), Some("\"3\""));
    archive(&site, &cookie, &bob, "\"2\"").await.expect(412);
    assert_eq!(stage.membership(&tenant, bob.id).await.version, 3);
}

#[actix_web::test]
async fn a_new_role_holds_at_once_for_who_is_signed_in() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let bob = stage.member(&tenant, "bob", Role::Architect).await;
    let elsewhere = Site::of(&stage.second_process().await, &tenant).await;
    let (adas, bobs) = (site.sign_in(&ada).await, site.sign_in(&bob).await);
    assert!(elsewhere.is_in(&bobs).await);
    change(&site, &adas, &bob, "*", &json!({ "role": "user" }))
        .await
        .expect(200);
    let session = elsewhere
        .get("/auth/v1/session", &bobs)
        .await
        .expect(200)
        .json();
    assert_eq!(session["member"]["role"], "user");
    let presented = bobs.strip_prefix("trellis=").unwrap();
    let presented = cp_app::sessions::PresentedCredential::from_cookie(presented).unwrap();
    let found = stage
        .auth
        .directory
        .resolve(tenant.host.tenant_id, &presented)
        .await;
    assert_eq!(found.unwrap().unwrap().role, Role::User);
    invite(&elsewhere, &bobs, "x@acme.example", "user", false)
        .await
        .expect(403);
}

#[actix_web::test]
async fn another_role_marks_the_members_sessions_in_its_transaction() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let bob = stage.member(&tenant, "bob", Role::Builder).await;
    let (adas, _) = (site.sign_in(&ada).await, site.sign_in(&bob).await);
    site.sign_in(&bob).await;
    let ended = "UPDATE sessions SET revoked_at = NOW(6) WHERE member_id = ? LIMIT 1";
    stage.execute(ended, [bob.id.as_uuid().into()]).await;
    site.sign_in(&bob).await;
    let marked = async || {
        let marked = "SELECT COUNT(*) FROM sessions WHERE rotate_due";
        stage.count(marked).await
    };
    // What fails leaves no mark: the change and its audit go together.
    let lost = "RENAME TABLE audit_log TO audit_log_away";
    stage.execute(lost, []).await;
    let to_user = json!({ "role": "user" });
    change(&site, &adas, &bob, "*", &to_user).await.expect(500);
    stage
        .execute("RENAME TABLE audit_log_away TO audit_log", [])
        .await;
    assert_eq!(marked().await, 0);
    // What changes nothing neither.
    let same = json!({ "role": "builder" });
    change(&site, &adas, &bob, "*", &same).await.expect(200);
    assert_eq!(marked().await, 0);
    change(&site, &adas, &bob, "*", &to_user).await.expect(200);
    assert_eq!(marked().await, 2);
    let clear = "UPDATE sessions SET rotate_due = FALSE";
    stage.execute(clear, []).await;
    let outside = json!({ "external": true });
    change(&site, &adas, &bob, "*", &outside).await.expect(200);
    let of_bob = "SELECT COUNT(*) FROM sessions s JOIN memberships m USING (member_id) \
         WHERE s.rotate_due AND s.revoked_at IS NULL AND m.external";
    assert_eq!((marked().await, stage.count(of_bob).await), (2, 2));
}

#[actix_web::test]
async fn who_is_archived_is_out_at_once() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let bob = stage.member(&tenant, "bob", Role::User).await;
    let (adas, bobs) = (site.sign_in(&ada).await, site.sign_in(&bob).await);
    let order = json!({
        "name": "x", "scopes": ["work_items:read"], "expires_at": stage.now() + TimeDelta::days(1),
    });
    let made = site
        .post("/auth/v1/tokens", &bobs, &order)
        .await
        .expect(201)
        .json();
    let token = made["token"].as_str().unwrap().to_owned();
    let presented = cp_app::sessions::PresentedCredential::from_bearer(&token).unwrap();
    let tenant_id = tenant.host.tenant_id;
    assert!(
        stage
            .auth
            .directory
            .resolve(tenant_id, &presented)
            .await
            .unwrap()
            .is_some()
    );

    archive(&site, &adas, &bob, "\"2\"").await.expect(204);
    assert!(!site.is_in(&bobs).await);
    assert!(
        stage
            .auth
            .directory
            .resolve(tenant_id, &presented)
            .await
            .unwrap()
            .is_none()
    );
    site.try_sign_in(&bob.email, crate::support::PASSWORD)
        .await
        .expect(401);
    assert_eq!(tenant.projected(bob.id).await.unwrap().2, "archived");
    let again = change(&site, &adas, &bob, "*", &json!({ "role": "builder" }))
        .await
        .expect(409);
    insta::assert_json_snapshot!("member_archived", again.json());
    archive(&site, &adas, &bob, "*").await.expect(204);

    // Invited again they are the same member, and the old session stays dead.
    let back = invite(&site, &adas, &bob.email, "builder", false)
        .await
        .expect(201)
        .json();
    assert_eq!(back["id"], json!(bob.id));
    assert_eq!(
        stage.membership(&tenant, bob.id).await.state,
        MemberState::Invited
    );
    assert!(!site.is_in(&bobs).await);
}

#[actix_web::test]
async fn the_last_architect_stays() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    // Somebody who is only invited does not count.
    invite(&site, &cookie, "ivy@acme.example", "architect", false)
        .await
        .expect(201);
    let demote = change(&site, &cookie, &ada, "*", &json!({ "role": "user" }))
        .await
        .expect(422);
    insta::assert_json_snapshot!("last_architect", demote.json());
    archive(&site, &cookie, &ada, "*").await.expect(422);
    let external = change(&site, &cookie, &ada, "*", &json!({ "external": true })).await;
    external.expect(422);
    let bob = stage.member(&tenant, "bob", Role::Architect).await;
    let bobs = site.sign_in(&bob).await;
    // Each archives the other at once: one of them stays.
    let (a, b) = tokio::join!(
        archive(&site, &cookie, &bob, "*"),
        archive(&site, &bobs, &ada, "*")
    );
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 204, "{statuses:?}");
    assert!(matches!(statuses[1], 401 | 403 | 422), "{statuses:?}");
    let left = "SELECT COUNT(*) FROM memberships WHERE state = 'active' AND role = 'architect'";
    assert_eq!(stage.count(left).await, 1);
}

async fn grant(tenant: &TestTenant, member: Option<Uuid>, group: Option<Uuid>, level: u8) {
    let root = tenant
        .rows(
            "SELECT id FROM folders WHERE parent_id IS NULL AND owner_id IS NULL",
            [],
        )
        .await;
    let root: Uuid = root[0].try_get_by_index(0).unwrap();
    let sql = "INSERT INTO grants (id, object_id, object, member_id, group_id, level, created_at) \
               VALUES (?, ?, 'folder', ?, ?, ?, NOW(6))";
    tenant
        .execute(
            sql,
            [
                Uuid::now_v7().into(),
                root.into(),
                member.into(),
                group.into(),
                level.into(),
            ],
        )
        .await;
}

#[actix_web::test]
async fn who_manages_something_does_not_become_external() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let outside = json!({ "external": true });
    let bob = stage.member(&tenant, "bob", Role::User).await;
    grant(&tenant, Some(bob.id.as_uuid()), None, 3).await;
    let refused = change(&site, &cookie, &bob, "*", &outside)
        .await
        .expect(422);
    insta::assert_json_snapshot!("external_with_manage", refused.json());

    let cleo = stage.member(&tenant, "cleo", Role::User).await;
    let group = Uuid::now_v7();
    let make = "INSERT INTO member_groups (id, name, created_at) VALUES (?, 'Leads', NOW(6))";
    tenant.execute(make, [group.into()]).await;
    let join = "INSERT INTO group_members (group_id, member_id) VALUES (?, ?)";
    tenant
        .execute(join, [group.into(), cleo.id.as_uuid().into()])
        .await;
    grant(&tenant, None, Some(group), 3).await;
    change(&site, &cookie, &cleo, "*", &outside)
        .await
        .expect(422);

    let dan = stage.member(&tenant, "dan", Role::User).await;
    grant(&tenant, Some(dan.id.as_uuid()), None, 2).await;
    change(&site, &cookie, &dan, "*", &outside)
        .await
        .expect(200);
    assert!(tenant.projected(dan.id).await.unwrap().1);
    assert!(!stage.membership(&tenant, bob.id).await.standing.external);
}

#[actix_web::test]
async fn the_worker_projects_what_was_left() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let bob = stage.member(&tenant, "bob", Role::User).await;
    let cookie = site.sign_in(&ada).await;
    tenant
        .execute("RENAME TABLE members TO members_away", [])
        .await;
    let changed = change(&site, &cookie, &bob, "*", &json!({ "role": "builder" }))
        .await
        .expect(200);
    assert_eq!(changed.header("etag"), Some("\"3\""));
    tenant
        .execute("RENAME TABLE members_away TO members", [])
        .await;
    assert_eq!(tenant.projected(bob.id).await.unwrap().0, "user");

    let stop = tokio_util::sync::CancellationToken::new();
    let worker = cp_app::projections::Worker::new(stage.auth.clone());
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { worker.run(stop).await }
    });
    eventually(Duration::from_secs(10), async || {
        tenant.projected(bob.id).await.unwrap().0 == "builder"
    })
    .await;
    eventually(Duration::from_secs(10), async || {
        stage.membership(&tenant, bob.id).await.projected == 3
    })
    .await;
    stop.cancel();
    running.await.unwrap();
}

#[actix_web::test]
async fn an_older_version_never_overwrites_a_newer_projection() {
    let (stage, tenant, _, ada) = one_tenant().await;
    let newer = "UPDATE members SET version = 9, role = 'user' WHERE id = ?";
    tenant.execute(newer, [ada.id.as_uuid().into()]).await;
    let tenant_id = tenant.host.tenant_id;
    cp_app::projections::project_member(&stage.auth, tenant_id, ada.id)
        .await
        .unwrap();
    let kept = tenant.projected(ada.id).await.unwrap();
    assert_eq!(kept, ("user".to_owned(), false, "active".to_owned(), 9));
}

#[actix_web::test]
async fn a_token_needs_the_scope_to_change_members() {
    let (stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let make = async |scope: &str| {
        let order = json!({
            "name": "x", "scopes": [scope], "expires_at": stage.now() + TimeDelta::days(1),
        });
        let made = site
            .post("/auth/v1/tokens", &cookie, &order)
            .await
            .expect(201)
            .json();
        made["token"].as_str().unwrap().to_owned()
    };
    let send = async |token: String| {
        let body = json!({ "name": "Ivy", "email": mailbox().new_address("ivy"), "role": "user" });
        let request = TestRequest::post().uri("/api/v1/members");
        let request = request.insert_header((AUTHORIZATION, format!("Bearer {token}")));
        site.send(request.set_json(body)).await
    };
    let refused = send(make("members:read").await).await.expect(403);
    insta::assert_json_snapshot!("scope_missing", refused.json());
    send(make("members:write").await).await.expect(201);
}

#[actix_web::test]
async fn every_route_is_in_the_document() {
    let (_stage, _, site, _) = one_tenant().await;
    let document = site
        .get("/auth/v1/openapi.json", "")
        .await
        .expect(200)
        .json();
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    insta::assert_json_snapshot!("documented_paths", paths);
}
