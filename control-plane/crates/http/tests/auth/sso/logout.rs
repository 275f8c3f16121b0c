//! Sessions that end at the provider end here, at once and on every node.

use actix_web::{http::header::CONTENT_TYPE, test::TestRequest};
use serde_json::{Value, json};
use testkit::provider::{Change, Signature, TestKey};

use super::scene::{Browser, Scene, user};
use crate::support::{Answer, Site};

async fn send_to(site: &Site, scene: &Scene, token: &str) -> Answer {
    let body: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let request = TestRequest::post()
        .uri(&scene.path("backchannel-logout"))
        .insert_header((CONTENT_TYPE, "application/x-www-form-urlencoded"))
        .set_payload(format!("logout_token={body}"));
    site.send(request).await
}

async fn send(scene: &Scene, token: &str) -> Answer {
    send_to(&scene.site, scene, token).await
}

async fn signed_in(scene: &Scene, subject: &str, sid: &str) -> Browser {
    let mut who = user(subject, &format!("{subject}@acme.example"));
    who["sid"] = json!(sid);
    scene.sign_in(&who).await.0
}

#[actix_web::test]
async fn the_session_of_the_provider_ends_ours_everywhere() {
    let scene = Scene::new().await;
    let other = Site::of(&scene.stage.second_process().await, &scene.tenant).await;
    let zoe = signed_in(&scene, "zoe", "one").await;
    let zoe_elsewhere = signed_in(&scene, "zoe", "two").await;
    let yan = signed_in(&scene, "yan", "three").await;
    assert!(other.is_in(&zoe.cookies()).await);
    let token = |sub: Option<&str>, sid: Option<&str>| {
        scene
            .idp
            .logout_token(&[("sub", sub.map(Value::from)), ("sid", sid.map(Value::from))])
    };
    let answer = send(&scene, &token(None, Some("one"))).await.expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(scene.session(&zoe).await.is_none());
    assert!(!other.is_in(&zoe.cookies()).await);
    assert!(scene.session(&zoe_elsewhere).await.is_some());
    // Of another user's session by that name, nothing ends.
    send(&scene, &token(Some("zoe"), Some("three")))
        .await
        .expect(200);
    assert!(scene.session(&yan).await.is_some());
    // Without a session, all of the user's.
    let third = signed_in(&scene, "zoe", "four").await;
    send(&scene, &token(Some("zoe"), None)).await.expect(200);
    assert!(scene.session(&zoe_elsewhere).await.is_none());
    assert!(scene.session(&third).await.is_none());
    assert!(scene.session(&yan).await.is_some());
    send(&scene, &token(Some("nobody"), None)).await.expect(200);
    assert!(scene.session(&yan).await.is_some());
    assert!(
        scene
            .count("audit_log WHERE action = 'session.end_by_provider'")
            .await
            >= 2
    );
}

#[actix_web::test]
async fn sessions_that_did_not_come_by_the_provider_stay() {
    let scene = Scene::new().await;
    let cookie = scene.site.sign_in(&scene.ada).await;
    let mut who = user("s-1", &scene.ada.email);
    who["sid"] = json!("one");
    let (browser, _) = scene.sign_in(&who).await;
    send(&scene, &scene.idp.logout_token(&[("sid", None)]))
        .await
        .expect(200);
    assert!(scene.session(&browser).await.is_none());
    assert!(scene.site.is_in(&cookie).await);
}

#[actix_web::test]
async fn a_token_ends_sessions_once() {
    let scene = Scene::new().await;
    signed_in(&scene, "zoe", "one").await;
    let token = scene.idp.logout_token(&[("sid", None)]);
    send(&scene, &token).await.expect(200);
    let again = signed_in(&scene, "zoe", "two").await;
    let replayed = send(&scene, &token).await.expect(400);
    assert_eq!(replayed.json(), json!({ "error": "invalid_request" }));
    assert_eq!(replayed.header("cache-control"), Some("no-store"));
    assert!(scene.session(&again).await.is_some());
    // The same jti of a token that differs is replayed just as well.
    let jti: Change = ("jti", Some(json!("fixed")));
    let first = scene
        .idp
        .logout_token(&[jti.clone(), ("sid", Some(json!("nothing")))]);
    send(&scene, &first).await.expect(200);
    send(&scene, &scene.idp.logout_token(&[jti, ("sid", None)]))
        .await
        .expect(400);
    assert!(scene.session(&again).await.is_some());
}

#[actix_web::test]
async fn what_is_not_good_ends_nothing() {
    let scene = Scene::new().await;
    let zoe = signed_in(&scene, "zoe", "one").await;
    let event = |value: Value| vec![("events", Some(value))];
    let changes: Vec<Vec<Change>> = vec![
        vec![("events", None)],
        event(json!({ "http://schemas.openid.net/event/another": {} })),
        vec![("nonce", Some(json!("n")))],
        vec![("aud", Some(json!("another")))],
        vec![("iss", Some(json!("https://evil.example")))],
        vec![("jti", None)],
        vec![("sub", None), ("sid", None)],
        vec![("iat", None)],
        vec![("exp", Some(json!(1)))],
    ];
    for change in changes {
        send(&scene, &scene.idp.logout_token(&change))
            .await
            .expect(400);
    }
    let signatures = [
        Signature::Unsigned,
        Signature::Hmac(testkit::TestProvider::CLIENT_SECRET.as_bytes().to_vec()),
        Signature::Spoiled(TestKey::Rsa1),
        Signature::By(TestKey::Rsa2),
    ];
    for signature in signatures {
        let token = scene
            .idp
            .logout_token_by(&signature, Some("logout+jwt"), &[]);
        send(&scene, &token).await.expect(400);
    }
    let by = Signature::By(TestKey::Rsa1);
    let wrong_type = scene.idp.logout_token_by(&by, Some("at+jwt"), &[]);
    send(&scene, &wrong_type).await.expect(400);
    for garbage in ["", "a.b.c", "💥"] {
        send(&scene, garbage).await.expect(400);
    }
    let empty = TestRequest::post().uri(&scene.path("backchannel-logout"));
    assert!(scene.site.send(empty).await.status.is_client_error());
    assert!(scene.session(&zoe).await.is_some());
    assert_eq!(scene.count("sso_logout_tokens").await, 0);
}

#[actix_web::test]
async fn another_tenants_host_knows_nothing_of_it() {
    let scene = Scene::new().await;
    let zoe = signed_in(&scene, "zoe", "one").await;
    let (_, globex, _) = scene.other("globex").await;
    let token = scene.idp.logout_token(&[]);
    send_to(&globex, &scene, &token).await.expect(400);
    assert!(scene.session(&zoe).await.is_some());
    send(&scene, &token).await.expect(200);
}
