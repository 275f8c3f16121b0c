//! Who comes in by a provider, and as whom.

use kernel::Role;
use serde_json::json;
use testkit::TestProvider;

use super::scene::{Browser, Scene, connect, refused, user, verify_domain};
use crate::support::{PASSWORD, Site};

#[actix_web::test]
async fn who_comes_for_the_first_time_becomes_a_member() {
    let scene = Scene::new().await;
    let (browser, answer) = scene.sign_in(&user("s-1", "zoe@acme.example")).await;
    assert_eq!(answer.header("location"), Some("/"));
    let session = scene.session(&browser).await.unwrap();
    assert_eq!(session["member"]["email"], "zoe@acme.example");
    assert_eq!(session["member"]["role"], "user");
    assert_eq!(session["member"]["name"], "Zoë Ångström");
    let person = scene.stage.person("zoe@acme.example").await;
    assert_eq!(person.password_hash, None);
    let member: kernel::MemberId = session["member"]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(scene.tenant.projected(member).await.unwrap().2, "active");
    let provisioned = "audit_log WHERE action = 'member.provision' AND actor_kind = 'person'";
    assert_eq!(scene.count(provisioned).await, 1);
}

#[actix_web::test]
async fn the_subject_decides_and_no_address_does_again() {
    let scene = Scene::new().await;
    scene.sign_in(&user("s-1", "zoe@acme.example")).await;
    let (browser, _) = scene.sign_in(&user("s-1", "ada@acme.example")).await;
    let session = scene.session(&browser).await.unwrap();
    assert_eq!(session["member"]["email"], "zoe@acme.example");
    // Nor is an address needed any more, or a proven domain.
    let (browser, _) = scene.sign_in(&json!({ "sub": "s-1" })).await;
    assert!(scene.session(&browser).await.is_some());
    let (browser, _) = scene.sign_in(&user("s-1", "zoe@elsewhere.example")).await;
    let session = scene.session(&browser).await.unwrap();
    assert_eq!(session["member"]["email"], "zoe@acme.example");
    assert_eq!(scene.count("people").await, 2);
}

#[actix_web::test]
async fn a_member_with_the_verified_address_is_recognised_and_keeps_everything() {
    let scene = Scene::new().await;
    let before = scene.stage.person(&scene.ada.email).await;
    let (browser, _) = scene.sign_in(&user("s-1", &scene.ada.email)).await;
    let session = scene.session(&browser).await.unwrap();
    assert_eq!(session["member"]["id"], json!(scene.ada.id));
    assert_eq!(session["member"]["role"], "architect");
    // SSO changes memberships, never the person.
    assert_eq!(scene.stage.person(&scene.ada.email).await, before);
    let ways = scene.site.try_sign_in(&scene.ada.email, PASSWORD).await;
    ways.expect(200);
}

#[actix_web::test]
async fn an_invitation_is_taken_up_by_coming() {
    let scene = Scene::with(&json!({ "provisions": false })).await;
    let email = "ivy@acme.example";
    let builder = Role::Builder;
    let member = scene
        .stage
        .enrol(&scene.tenant, email, "Ivy", builder, false);
    let member = member.await;
    let (browser, _) = scene.sign_in(&user("s-2", email)).await;
    let session = scene.session(&browser).await.unwrap();
    assert_eq!(session["member"]["id"], json!(member));
    assert_eq!(session["member"]["role"], "builder");
}

#[actix_web::test]
async fn only_addresses_that_the_provider_vouches_for_count() {
    let scene = Scene::new().await;
    let (people, members) = (
        scene.count("people").await,
        scene.count("memberships").await,
    );
    let users = [
        json!({ "sub": "s-1" }),
        json!({ "sub": "s-1", "email": "zoe@acme.example" }),
        json!({ "sub": "s-1", "email": "zoe@acme.example", "email_verified": false }),
        json!({ "sub": "s-1", "email": "no address", "email_verified": true }),
        json!({ "sub": "s-1", "email": "zoe@acme.example@evil.example", "email_verified": true }),
    ];
    for user in users {
        let (browser, answer) = scene.sign_in(&user).await;
        refused(&answer, "address");
        assert!(scene.session(&browser).await.is_none(), "{user}");
    }
    // A text that looks like the truth, where it is read at all.
    scene
        .idp
        .set_user(&json!({ "sub": "s-1", "email": "zoe@acme.example" }));
    for forged in [json!("true"), json!(1), json!(["true"])] {
        scene
            .idp
            .behave(|b| b.user_info = vec![("email_verified", Some(forged))]);
        let answer = Browser::default().sign_in(&scene).await;
        refused(&answer, "address");
    }
    assert_eq!(scene.count("people").await, people);
    assert_eq!(scene.count("memberships").await, members);
    assert_eq!(scene.count("sso_identities").await, 0);
}

#[actix_web::test]
async fn a_provider_speaks_for_its_tenants_domains_only() {
    let scene = Scene::new().await;
    let (_, globex, gil) = scene.other("globex").await;
    let gils = globex.sign_in(&gil).await;
    verify_domain(&globex, &scene.names, &gils, "globex.example").await;
    for email in [
        "gil@globex.example",
        "new@globex.example",
        "x@nobody.example",
        "x@sub.acme.example",
        "x@gmail.com",
    ] {
        let (_, answer) = scene.sign_in(&user("s-1", email)).await;
        refused(&answer, "address");
    }
    assert_eq!(scene.count("sso_identities").await, 0);
    assert_eq!(scene.count("people").await, 2);
    let gone = scene
        .stage
        .count("SELECT COUNT(*) FROM sessions WHERE method = 'sso'")
        .await;
    assert_eq!(gone, 0);
}

#[actix_web::test]
async fn a_claim_that_is_not_proven_gives_nothing() {
    let scene = Scene::new().await;
    let cookie = scene.site.sign_in(&scene.ada).await;
    let claim = json!({ "domain": "claimed.example" });
    scene
        .site
        .post("/auth/v1/security/domains", &cookie, &claim)
        .await
        .expect(201);
    let (_, answer) = scene.sign_in(&user("s-1", "x@claimed.example")).await;
    refused(&answer, "address");
}

#[actix_web::test]
async fn the_same_subject_elsewhere_is_somebody_else() {
    let scene = Scene::new().await;
    scene.sign_in(&user("s-1", "zoe@acme.example")).await;
    let cookie = scene.site.sign_in(&scene.ada).await;
    let evil = TestProvider::start(scene.stage.clock.clone()).await;
    let second = connect(&scene.site, &cookie, &evil, &json!({ "provisions": true })).await;
    evil.set_user(&json!({ "sub": "s-1" }));
    let mut browser = Browser::default();
    let start = format!("/auth/sso/{second}/start");
    let off = browser.get(&scene.site, &start).await.expect(303);
    let back = evil.authorize(off.header("location").unwrap());
    let answer = browser
        .get(&scene.site, &super::scene::path_of(&back))
        .await;
    refused(&answer, "address");
}

#[actix_web::test]
async fn an_address_that_was_given_to_somebody_else_does_not_give_them_the_account() {
    let scene = Scene::new().await;
    scene.sign_in(&user("s-1", "zoe@acme.example")).await;
    let (browser, answer) = scene.sign_in(&user("s-2", "zoe@acme.example")).await;
    refused(&answer, "not-admitted");
    assert!(scene.session(&browser).await.is_none());
}

#[actix_web::test]
async fn without_provisioning_strangers_stay_outside() {
    let scene = Scene::with(&json!({ "provisions": false })).await;
    let (_, answer) = scene.sign_in(&user("s-1", "zoe@acme.example")).await;
    refused(&answer, "not-admitted");
    assert_eq!(scene.count("people").await, 1);
}

#[actix_web::test]
async fn who_is_archived_does_not_come_back_by_a_provider() {
    let scene = Scene::new().await;
    let bob = scene.stage.member(&scene.tenant, "bob", Role::User).await;
    let (browser, _) = scene.sign_in(&user("s-1", &bob.email)).await;
    let cookie = scene.site.sign_in(&scene.ada).await;
    let path = format!("/api/v1/members/{}", bob.id);
    let gone = scene
        .site
        .conditional(actix_web::http::Method::DELETE, &path, &cookie, "*", None)
        .await;
    gone.expect(204);
    assert!(scene.session(&browser).await.is_none());
    for subject in ["s-1", "s-2"] {
        let (browser, answer) = scene.sign_in(&user(subject, &bob.email)).await;
        refused(&answer, "not-admitted");
        assert!(scene.session(&browser).await.is_none());
    }
}

#[actix_web::test]
async fn a_disabled_connection_lets_nobody_in_and_who_came_by_it_is_out() {
    let scene = Scene::new().await;
    let (browser, _) = scene.sign_in(&user("s-1", "zoe@acme.example")).await;
    let mut under_way = Browser::default();
    let address = under_way.set_off(&scene, "").await;
    let back = under_way.path_back(&scene, &address);
    scene
        .change(&json!({ "state": "disabled" }))
        .await
        .expect(200);
    assert!(scene.session(&browser).await.is_none());
    // Who was on the way when it was switched off.
    let answer = under_way.get(&scene.site, &back).await.expect(403);
    assert!(answer.text.contains("This way in is switched off."));
    assert!(answer.text.contains("href=\"/sign-in\""));
    assert!(scene.session(&under_way).await.is_none());
    Browser::default()
        .get(&scene.site, &scene.path("start"))
        .await
        .expect(403);
    assert_eq!(scene.idp.asked("/token"), 1);
}

#[actix_web::test]
async fn a_session_is_good_for_its_connections_tenant_only() {
    let scene = Scene::new().await;
    let (globex, elsewhere, _) = scene.other("globex").await;
    // Zoe belongs to both.
    let (browser, _) = scene.sign_in(&user("s-1", "zoe@acme.example")).await;
    let role = Role::User;
    let member = scene
        .stage
        .enrol(&globex, "zoe@acme.example", "Zoe", role, false)
        .await;
    let active =
        "UPDATE memberships SET state = 'active', version = version + 1 WHERE member_id = ?";
    scene.stage.execute(active, [member.as_uuid().into()]).await;
    assert!(scene.session(&browser).await.is_some());
    let there = elsewhere.get("/auth/v1/session", &browser.cookies()).await;
    there.expect(401);
    // Nor does the other tenant know the connection.
    for path in ["start", "callback"] {
        elsewhere.get(&scene.path(path), "").await.expect(404);
    }
}

#[actix_web::test]
async fn every_sign_in_gets_a_new_cookie_and_ends_the_session_before() {
    let scene = Scene::new().await;
    let (mut browser, _) = scene.sign_in(&user("s-1", "zoe@acme.example")).await;
    let first = browser.cookie("trellis").unwrap().to_owned();
    browser.sign_in(&scene).await.expect(303);
    let second = browser.cookie("trellis").unwrap().to_owned();
    assert_ne!(first, second);
    assert!(!scene.site.is_in(&format!("trellis={first}")).await);
    // A cookie that somebody planted is not taken over.
    let planted = "A".repeat(43);
    let mut victim = Browser::with(&format!("trellis={planted}"));
    victim.sign_in(&scene).await.expect(303);
    assert_ne!(victim.cookie("trellis"), Some(planted.as_str()));
    assert!(!scene.site.is_in(&format!("trellis={planted}")).await);
}

#[actix_web::test]
async fn a_second_factor_that_the_tenant_wants_is_given_by_the_provider_or_by_us() {
    let scene = Scene::new().await;
    let cookie = scene.site.sign_in(&scene.ada).await;
    let wanted = json!({ "second_factor_required": true });
    let patch = actix_web::http::Method::PATCH;
    let path = "/auth/v1/security";
    let changed = scene
        .site
        .conditional(patch, path, &cookie, "*", Some(&wanted));
    changed.await.expect(200);
    let (browser, answer) = scene.sign_in(&user("s-1", "zoe@acme.example")).await;
    assert_eq!(answer.header("location"), Some("/sign-in/second-factor"));
    assert!(scene.session(&browser).await.is_none());
    let proves = "UPDATE sso_connections SET proves_second_factor = TRUE";
    scene.stage.execute(proves, []).await;
    let (browser, _) = scene.sign_in(&user("s-1", "zoe@acme.example")).await;
    assert!(scene.session(&browser).await.is_some());
}

#[actix_web::test]
async fn the_tenant_is_that_of_the_host_and_not_of_a_header() {
    let scene = Scene::new().await;
    let (_, globex, _) = scene.other("globex").await;
    let mut browser = Browser::default();
    let address = browser.set_off(&scene, "").await;
    // The redirect address is of the tenant's row, whatever a header says.
    assert!(
        address.contains("redirect_uri=http%3A%2F%2Facme.trellis.localhost%3A8080%2Fauth%2Fsso")
    );
    let forwarded = actix_web::test::TestRequest::get()
        .uri(&scene.path("start"))
        .insert_header(("x-forwarded-host", "evil.example"))
        .insert_header(("x-tenant", "globex"));
    let answer = scene.site.send(forwarded).await.expect(303);
    let location = answer.header("location").unwrap();
    assert!(location.contains("acme.trellis.localhost") && !location.contains("evil"));
    let back = browser.path_back(&scene, &address);
    globex.get(&back, &browser.cookies()).await.expect(404);
    let _: &Site = &globex;
}
