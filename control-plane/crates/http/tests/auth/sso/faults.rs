//! Providers that fail: a clear page with a reference, nobody signed in, nothing given away, and
//! the other ways in still open.

use std::time::Duration;

use chrono::TimeDelta;
use kernel::Role;
use serde_json::json;
use testkit::{
    eventually,
    provider::{Canned, Signature, TestKey},
};

use super::{
    enforcement::enforced,
    scene::{Browser, Scene, refused, user},
};
use crate::{passkeys, support::SoftPasskey};

async fn fails(scene: &Scene, path: &'static str, canned: Canned) {
    scene.idp.set_user(&user("s-1", "zoe@acme.example"));
    scene.idp.behave(|b| {
        b.canned.clear();
        b.canned.insert(path, canned);
    });
    let mut browser = Browser::default();
    let answer = browser.sign_in(scene).await;
    refused(&answer, "away");
    assert!(scene.session(&browser).await.is_none());
    let location = answer.header("location").unwrap().to_owned();
    let page = browser.get(&scene.site, &location).await.expect(200);
    let reference = location.split("reference=").nth(1).unwrap();
    assert!(page.text.contains(reference), "{}", page.text);
    assert!(page.text.contains("Other ways in"));
    for inside in ["127.0.0.1:", "panicked", "src/", "backtrace", "secret"] {
        assert!(!page.text.contains(inside), "{inside}: {}", page.text);
    }
}

#[actix_web::test]
async fn whatever_the_provider_does_the_page_is_clear_and_the_other_ways_in_work() {
    let scene = Scene::hasty().await;
    // Its metadata are known by now, so that it fails on the way back.
    scene.sign_in(&user("s-0", "zoe@acme.example")).await;
    for path in ["/token", "/userinfo"] {
        fails(&scene, path, Canned::After(Duration::from_secs(30))).await;
        fails(&scene, path, Canned::Cut).await;
        fails(&scene, path, Canned::Huge(10 * 1024 * 1024)).await;
        fails(&scene, path, Canned::Text(200, "<html>garbage".to_owned())).await;
        fails(&scene, path, Canned::Text(500, "{}".to_owned())).await;
        fails(
            &scene,
            path,
            Canned::Redirect("http://127.0.0.1:1/".to_owned()),
        )
        .await;
    }
    assert_eq!(scene.count("sso_identities").await, 1);
    scene.site.sign_in(&scene.ada).await;
    let cookie = scene.site.sign_in(&scene.ada).await;
    let shown = scene
        .site
        .get(&scene.resource(), &cookie)
        .await
        .expect(200)
        .json();
    let failure = shown["last_failure"].as_str().unwrap();
    assert_eq!(
        failure,
        "the provider's user information: it answered with a redirect"
    );
    scene.idp.behave(|b| b.canned.clear());
    let (browser, _) = scene.sign_in(&json!({ "sub": "s-0" })).await;
    assert!(scene.session(&browser).await.is_some());
}

#[actix_web::test]
async fn a_provider_that_cannot_be_asked_at_all_is_said_at_the_start() {
    let scene = Scene::hasty().await;
    for canned in [
        Canned::After(Duration::from_secs(30)),
        Canned::Cut,
        Canned::Huge(10 * 1024 * 1024),
        Canned::Text(200, "[]".to_owned()),
    ] {
        let metadata = "/.well-known/openid-configuration";
        scene.idp.behave(|b| _ = b.canned.insert(metadata, canned));
        let answer = Browser::default()
            .get(&scene.site, &scene.path("start"))
            .await;
        refused(&answer, "away");
    }
    scene.idp.behave(|b| b.canned.clear());
    let (browser, _) = scene.sign_in(&user("s-1", "zoe@acme.example")).await;
    assert!(scene.session(&browser).await.is_some());
}

/// What a provider may be instead of there.
fn faults() -> [Canned; 4] {
    [
        Canned::After(Duration::from_secs(600)),
        Canned::Cut,
        Canned::Text(200, "<html>garbage".to_owned()),
        Canned::Huge(10 * 1024 * 1024),
    ]
}

#[actix_web::test]
async fn who_has_another_way_in_does_not_wait_for_the_provider() {
    let scene = Scene::new().await;
    let cookie = scene.site.sign_in(&scene.ada).await;
    let mut passkey = SoftPasskey::new(&scene.site);
    let gil = scene.stage.member(&scene.tenant, "gil", Role::User).await;
    let gils = scene.site.sign_in(&gil).await;
    passkeys::add(&scene.site, &gils, &mut passkey)
        .await
        .expect(201);
    for canned in faults() {
        scene.idp.behave(|b| {
            b.canned.clear();
            for path in ["/.well-known/openid-configuration", "/jwks", "/token"] {
                b.canned.insert(path, canned.clone());
            }
        });
        // Somebody is on the way to it, and gets no answer for as long as this takes.
        let (site, start) = (scene.site.clone(), scene.path("start"));
        let waiting = actix_web::rt::spawn(async move { site.get(&start, "").await });
        let silent = matches!(canned, Canned::After(_));
        if silent {
            eventually(Duration::from_secs(10), async || {
                scene.idp.asked("/.well-known/openid-configuration") > 0
            })
            .await;
        }
        passkeys::sign_in(&scene.site, &mut passkey)
            .await
            .expect(200);
        scene.site.sign_in(&scene.ada).await;
        assert!(scene.site.is_in(&cookie).await);
        scene.site.get("/sign-in", "").await.expect(200);
        let recover = json!({ "email": scene.ada.email });
        scene
            .site
            .post("/auth/v1/recover", "", &recover)
            .await
            .expect(202);
        if silent {
            assert!(!waiting.is_finished());
            waiting.abort();
        } else {
            refused(&waiting.await.unwrap(), "away");
        }
        scene.stage.clock.advance(TimeDelta::hours(1));
    }
}

#[actix_web::test]
async fn where_everybody_comes_by_the_provider_the_owner_for_emergencies_still_comes_in() {
    let scene = enforced().await;
    for canned in faults() {
        scene.idp.behave(|b| {
            b.canned.clear();
            b.canned.insert("/token", canned.clone());
        });
        let cookie = scene.site.sign_in(&scene.ada).await;
        assert!(scene.site.is_in(&cookie).await);
        // And may mend the connection.
        scene.site.get(&scene.resource(), &cookie).await.expect(200);
    }
}

#[actix_web::test]
async fn tokens_that_are_not_good_sign_nobody_in() {
    let scene = Scene::new().await;
    scene.idp.set_user(&user("s-1", "zoe@acme.example"));
    let signatures = [
        Signature::Unsigned,
        Signature::Spoiled(TestKey::Rsa1),
        Signature::By(TestKey::Rsa2),
        Signature::Hmac(b"guessed".to_vec()),
    ];
    for signature in signatures {
        scene.idp.behave(|b| b.signature = signature);
        refused(&Browser::default().sign_in(&scene).await, "away");
    }
    scene
        .idp
        .behave(|b| b.signature = Signature::By(TestKey::Rsa1));
    for (name, value) in [
        ("nonce", None),
        ("nonce", Some(json!("x"))),
        ("iss", Some(json!("https://evil.example"))),
        ("aud", Some(json!("x"))),
        ("sub", Some(json!(""))),
        ("sub", None),
    ] {
        scene.idp.behave(|b| b.id_token = vec![(name, value)]);
        refused(&Browser::default().sign_in(&scene).await, "away");
    }
    scene.idp.behave(|b| b.id_token.clear());
    scene
        .idp
        .behave(|b| b.user_info = vec![("sub", Some(json!("another")))]);
    refused(&Browser::default().sign_in(&scene).await, "away");
    assert_eq!(scene.count("sessions WHERE method = 'sso'").await, 0);
    assert_eq!(scene.count("people").await, 1);
}
