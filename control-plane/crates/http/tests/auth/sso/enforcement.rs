//! Enforced single sign-on: nobody else's way in is left, and nobody is locked out.

use actix_web::{
    http::{Method, header::CONTENT_TYPE},
    test::TestRequest,
};
use chrono::TimeDelta;
use kernel::Role;
use serde_json::{Value, json};

use super::scene::{Browser, Scene, user};
use crate::support::{Answer, PASSWORD};

pub(super) const SECURITY: &str = "/auth/v1/security";

async fn patch(scene: &Scene, cookie: &str, body: &Value) -> Answer {
    scene
        .site
        .conditional(Method::PATCH, SECURITY, cookie, "*", Some(body))
        .await
}

/// The architect tests the connection as themselves.
pub(super) async fn test_as_ada(scene: &Scene, browser: &mut Browser) {
    scene.idp.set_user(&user("ada", &scene.ada.email));
    let path = format!("{}/test", scene.resource());
    let begun = browser
        .post(&scene.site, &path, &json!({}))
        .await
        .expect(200)
        .json();
    let back = browser.path_back(scene, begun["authorization_url"].as_str().unwrap());
    browser.get(&scene.site, &back).await.expect(303);
}

/// Single sign-on is enforced, with the architect as the owner for emergencies.
pub(super) async fn enforced() -> Scene {
    let scene = Scene::new().await;
    let mut browser = Browser::with(&scene.site.sign_in(&scene.ada).await);
    test_as_ada(&scene, &mut browser).await;
    let body = json!({ "sso_enforced": true, "break_glass_owners": [scene.ada.id] });
    patch(&scene, &browser.cookies(), &body).await.expect(200);
    scene
}

#[actix_web::test]
async fn it_is_refused_while_it_would_lock_people_out() {
    let scene = Scene::new().await;
    let mut browser = Browser::with(&scene.site.sign_in(&scene.ada).await);
    let enforce = json!({ "sso_enforced": true, "break_glass_owners": [scene.ada.id] });
    let refused = async |browser: &Browser, body: &Value| {
        let answer = patch(&scene, &browser.cookies(), body).await.expect(422);
        answer.json()["code"].as_str().unwrap().to_owned()
    };
    // Nobody has tested it.
    assert_eq!(refused(&browser, &enforce).await, "rule_broken");
    // A test that somebody else passed does not count, nor one before the last change.
    scene.idp.set_user(&user("zoe", "zoe@acme.example"));
    let path = format!("{}/test", scene.resource());
    let begun = browser
        .post(&scene.site, &path, &json!({}))
        .await
        .expect(200)
        .json();
    let back = browser.path_back(&scene, begun["authorization_url"].as_str().unwrap());
    browser.get(&scene.site, &back).await;
    assert_eq!(refused(&browser, &enforce).await, "rule_broken");
    test_as_ada(&scene, &mut browser).await;
    scene
        .change(&json!({ "scopes": ["email"] }))
        .await
        .expect(200);
    assert_eq!(refused(&browser, &enforce).await, "rule_broken");
    test_as_ada(&scene, &mut browser).await;
    // Without somebody for emergencies.
    assert_eq!(
        refused(&browser, &json!({ "sso_enforced": true })).await,
        "rule_broken"
    );
    let bob = scene
        .stage
        .member(&scene.tenant, "bob", Role::Builder)
        .await;
    let wrong = json!({ "sso_enforced": true, "break_glass_owners": [bob.id] });
    assert_eq!(refused(&browser, &wrong).await, "validation_failed");
    let second = scene
        .stage
        .member(&scene.tenant, "eve", Role::Architect)
        .await;
    // There are two who could be, so both are named.
    assert_eq!(refused(&browser, &enforce).await, "rule_broken");
    scene
        .change(&json!({ "state": "disabled" }))
        .await
        .expect(200);
    let both = json!({ "sso_enforced": true, "break_glass_owners": [scene.ada.id, second.id] });
    assert_eq!(refused(&browser, &both).await, "rule_broken");
    scene
        .change(&json!({ "state": "enabled" }))
        .await
        .expect(200);
    test_as_ada(&scene, &mut browser).await;
    let done = patch(&scene, &browser.cookies(), &both)
        .await
        .expect(200)
        .json();
    assert_eq!(done["sso_enforced"], true);
    assert_eq!(done["break_glass_owners"].as_array().unwrap().len(), 2);
}

#[actix_web::test]
async fn it_ends_what_did_not_come_by_a_provider_at_once() {
    let scene = Scene::new().await;
    let bob = scene.stage.member(&scene.tenant, "bob", Role::User).await;
    let (_, globex, gil) = scene.other("globex").await;
    let (bobs, gils) = (scene.site.sign_in(&bob).await, globex.sign_in(&gil).await);
    let order = json!({
        "name": "x", "scopes": ["work_items:read"],
        "expires_at": scene.stage.now() + TimeDelta::days(1),
    });
    let made = scene
        .site
        .post("/auth/v1/tokens", &bobs, &order)
        .await
        .expect(201)
        .json();
    let token = made["token"].as_str().unwrap().to_owned();
    let (zoe, _) = scene.sign_in(&user("zoe", "zoe@acme.example")).await;
    let second = scene.stage.second_process().await;
    let elsewhere = crate::support::Site::of(&second, &scene.tenant).await;
    assert!(elsewhere.is_in(&bobs).await);

    let mut browser = Browser::with(&scene.site.sign_in(&scene.ada).await);
    test_as_ada(&scene, &mut browser).await;
    let body = json!({ "sso_enforced": true, "break_glass_owners": [scene.ada.id] });
    patch(&scene, &browser.cookies(), &body).await.expect(200);
    assert!(!scene.site.is_in(&bobs).await && !elsewhere.is_in(&bobs).await);
    assert!(!scene.site.is_in(&browser.cookies()).await);
    let presented = cp_app::sessions::PresentedCredential::from_bearer(&token).unwrap();
    let tenant = scene.tenant.host.tenant_id;
    let found = scene
        .stage
        .auth
        .directory
        .resolve(tenant, &presented)
        .await
        .unwrap();
    assert!(found.is_none());
    // Who came by the provider stays, and so do other tenants.
    assert!(scene.session(&zoe).await.is_some());
    assert!(globex.is_in(&gils).await);
}

/// A client of whoever the cookie is of: what it shows at `/oauth/token`.
async fn client(scene: &Scene, cookie: &str) -> String {
    let order = json!({
        "name": "Nightly", "scopes": ["work_items:read"],
        "expires_at": scene.stage.now() + TimeDelta::days(30),
    });
    let path = "/auth/v1/client-secrets";
    let made = scene.site.post(path, cookie, &order).await.expect(201);
    let made = made.json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        text("client_id"),
        text("client_secret")
    )
}

async fn ask_for_token(scene: &Scene, form: &str) -> Answer {
    let request = TestRequest::post()
        .uri("/oauth/token")
        .insert_header((CONTENT_TYPE, "application/x-www-form-urlencoded"))
        .set_payload(form.to_owned());
    scene.site.send(request).await
}

#[actix_web::test]
async fn clients_from_before_get_no_token_any_more() {
    let scene = Scene::new().await;
    let bob = scene.stage.member(&scene.tenant, "bob", Role::User).await;
    let mut browser = Browser::with(&scene.site.sign_in(&scene.ada).await);
    let (zoe, _) = scene.sign_in(&user("zoe", "zoe@acme.example")).await;
    // Those of who is named for emergencies and of who came by the provider are no better.
    let mut clients = Vec::new();
    for cookie in [
        scene.site.sign_in(&bob).await,
        browser.cookies(),
        zoe.cookies(),
    ] {
        clients.push(client(&scene, &cookie).await);
    }
    let mut tokens = Vec::new();
    for form in &clients {
        let issued = ask_for_token(&scene, form).await.expect(200).json();
        tokens.push(issued["access_token"].as_str().unwrap().to_owned());
    }
    test_as_ada(&scene, &mut browser).await;
    let body = json!({ "sso_enforced": true, "break_glass_owners": [scene.ada.id] });
    patch(&scene, &browser.cookies(), &body).await.expect(200);
    for (form, token) in clients.iter().zip(&tokens) {
        let refused = ask_for_token(&scene, form).await.expect(401).json();
        assert_eq!(refused["error"], "invalid_client");
        let path = "/auth/v1/session";
        scene.site.get_with_token(path, token).await.expect(401);
    }
    assert_eq!(
        scene.count("client_secrets WHERE revoked_at IS NULL").await,
        0
    );
    // Who comes by the provider may make new ones, as with tokens.
    let form = client(&scene, &zoe.cookies()).await;
    ask_for_token(&scene, &form).await.expect(200);
}

#[actix_web::test]
async fn passwords_lead_nowhere_and_say_nothing() {
    let scene = enforced().await;
    let bob = scene.stage.member(&scene.tenant, "bob", Role::User).await;
    let right = scene.site.try_sign_in(&bob.email, PASSWORD).await;
    assert!(right.status.is_client_error() && right.cookie("trellis").is_none());
    let (browser, _) = scene.sign_in(&user("bob", &bob.email)).await;
    assert!(scene.session(&browser).await.is_some());
    // The person's password is untouched.
    assert!(scene.stage.person(&bob.email).await.password_hash.is_some());
}

#[actix_web::test]
async fn who_is_named_for_emergencies_comes_in_and_everybody_hears_of_it() {
    let scene = enforced().await;
    let mails = scene.count("mail_outbox").await;
    let cookie = scene.site.sign_in(&scene.ada).await;
    assert!(scene.site.is_in(&cookie).await);
    assert_eq!(scene.count("mail_outbox").await, mails + 1);
    assert_eq!(
        scene
            .count("audit_log WHERE action = 'sign_in.break_glass'")
            .await,
        1
    );
    scene.site.sign_in(&scene.ada).await;
    assert_eq!(scene.count("mail_outbox").await, mails + 2);
    // And can undo it.
    patch(&scene, &cookie, &json!({ "sso_enforced": false }))
        .await
        .expect(200);
    let bob = scene.stage.member(&scene.tenant, "bob", Role::User).await;
    scene.site.sign_in(&bob).await;
}

#[actix_web::test]
async fn the_last_way_in_stays_open() {
    let scene = enforced().await;
    scene
        .change(&json!({ "state": "disabled" }))
        .await
        .expect(422);
    let cookie = scene.site.sign_in(&scene.ada).await;
    let path = scene.resource();
    scene
        .site
        .conditional(Method::DELETE, &path, &cookie, "*", None)
        .await
        .expect(422);
    patch(&scene, &cookie, &json!({ "break_glass_owners": [] }))
        .await
        .expect(422);
    let (browser, _) = scene.sign_in(&user("zoe", "zoe@acme.example")).await;
    assert!(scene.session(&browser).await.is_some());
}

#[actix_web::test]
async fn decisions_are_read_and_changed_by_confirmed_architects() {
    let scene = Scene::new().await;
    let cookie = scene.site.sign_in(&scene.ada).await;
    let shown = scene.site.get(SECURITY, &cookie).await.expect(200);
    assert_eq!(shown.header("etag"), Some("\"0\""));
    assert_eq!(shown.json()["sso_enforced"], false);
    let limits = json!({
        "idle_minutes": 30, "absolute_minutes": 600, "contact": "it@acme.example",
        "colour": "#aa3300", "second_factor_required": false,
    });
    let changed = scene
        .site
        .conditional(Method::PATCH, SECURITY, &cookie, "\"0\"", Some(&limits));
    let changed = changed.await.expect(200);
    assert_eq!(changed.header("etag"), Some("\"1\""));
    assert_eq!(changed.json()["idle_minutes"], 30);
    let stale = scene
        .site
        .conditional(Method::PATCH, SECURITY, &cookie, "\"0\"", Some(&limits));
    stale.await.expect(412);
    let cleared = patch(&scene, &cookie, &json!({ "idle_minutes": null }))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&cleared["idle_minutes"], &cleared["contact"]),
        (&Value::Null, &json!("it@acme.example"))
    );
    for (name, value) in [
        ("idle_minutes", json!(1)),
        ("absolute_minutes", json!(1_000_000)),
        ("colour", json!("red")),
        ("colour", json!("#12345g")),
        ("contact", json!("a\nb")),
    ] {
        patch(&scene, &cookie, &json!({ name: value }))
            .await
            .expect(422);
    }
    let bob = scene
        .stage
        .member(&scene.tenant, "bob", Role::Builder)
        .await;
    let bobs = scene.site.sign_in(&bob).await;
    scene.site.get(SECURITY, &bobs).await.expect(403);
    patch(&scene, &bobs, &limits).await.expect(403);
    scene.stage.clock.advance(TimeDelta::minutes(11));
    patch(&scene, &cookie, &limits).await.expect(403);
}
