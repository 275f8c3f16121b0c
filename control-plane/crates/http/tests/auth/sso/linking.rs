//! Making a provider's user one's own way in: signed in, recently confirmed, in one session.

use actix_web::http::Method;
use chrono::TimeDelta;
use kernel::Role;
use serde_json::{Value, json};

use super::scene::{Browser, Scene, user};
use crate::support::{Answer, Site, TestMember};

const IDENTITIES: &str = "/auth/v1/identities";

/// Sets off to link; answers the path back.
async fn set_off(scene: &Scene, browser: &mut Browser) -> String {
    let body = json!({ "connection_id": scene.connection });
    let answer = browser
        .post(&scene.site, IDENTITIES, &body)
        .await
        .expect(200)
        .json();
    let address = answer["authorization_url"].as_str().unwrap().to_owned();
    browser.path_back(scene, &address)
}

async fn link(scene: &Scene, browser: &mut Browser) -> Answer {
    let back = set_off(scene, browser).await;
    browser.get(&scene.site, &back).await
}

async fn signed_in(scene: &Scene, member: &TestMember) -> Browser {
    Browser::with(&scene.site.sign_in(member).await)
}

async fn identities(scene: &Scene, browser: &Browser) -> Vec<Value> {
    let answer = scene
        .site
        .get(IDENTITIES, &browser.cookies())
        .await
        .expect(200);
    answer.json()["data"].as_array().unwrap().clone()
}

#[actix_web::test]
async fn who_is_signed_in_and_confirmed_links_whatever_address_the_provider_says() {
    let scene = Scene::with(&json!({ "provisions": false })).await;
    let bob = scene.stage.member(&scene.tenant, "bob", Role::User).await;
    let mut browser = signed_in(&scene, &bob).await;
    scene
        .idp
        .set_user(&json!({ "sub": "s-9", "email": "robert@private.example" }));
    let answer = link(&scene, &mut browser).await.expect(303);
    assert_eq!(answer.header("location"), Some("/security"));
    let linked = identities(&scene, &browser).await;
    assert_eq!(linked[0]["subject"], "s-9");
    let (fresh, _) = scene.sign_in(&json!({ "sub": "s-9" })).await;
    let session = scene.session(&fresh).await.unwrap();
    assert_eq!(session["member"]["id"], json!(bob.id));

    let path = format!("{IDENTITIES}/{}", scene.connection);
    scene
        .site
        .delete(&path, &browser.cookies())
        .await
        .expect(204);
    scene
        .site
        .delete(&path, &browser.cookies())
        .await
        .expect(404);
    assert!(identities(&scene, &browser).await.is_empty());
    let (fresh, _) = scene.sign_in(&json!({ "sub": "s-9" })).await;
    assert!(scene.session(&fresh).await.is_none());
}

#[actix_web::test]
async fn unlinking_ends_what_came_in_by_it_everywhere_and_nothing_else() {
    let scene = Scene::new().await;
    let bob = scene.stage.member(&scene.tenant, "bob", Role::User).await;
    let mut own = signed_in(&scene, &bob).await;
    scene.idp.set_user(&json!({ "sub": "s-9" }));
    link(&scene, &mut own).await.expect(303);
    let (taken, _) = scene.sign_in(&json!({ "sub": "s-9" })).await;
    let (zoes, _) = scene.sign_in(&user("zoe", "zoe@acme.example")).await;
    let process = scene.stage.second_process().await;
    let elsewhere = Site::of(&process, &scene.tenant).await;
    assert!(elsewhere.is_in(&taken.cookies()).await);
    let path = format!("{IDENTITIES}/{}", scene.connection);
    scene.site.delete(&path, &own.cookies()).await.expect(204);
    assert!(scene.session(&taken).await.is_none());
    assert!(!elsewhere.is_in(&taken.cookies()).await);
    assert!(scene.session(&own).await.is_some());
    assert!(scene.session(&zoes).await.is_some());
}

#[actix_web::test]
async fn who_unlinks_the_way_by_which_they_came_is_out() {
    let scene = Scene::new().await;
    let (browser, _) = scene.sign_in(&user("zoe", "zoe@acme.example")).await;
    let path = format!("{IDENTITIES}/{}", scene.connection);
    let done = scene.site.delete(&path, &browser.cookies()).await;
    done.expect(204);
    assert!(scene.session(&browser).await.is_none());
}

#[actix_web::test]
async fn linking_and_unlinking_want_a_recent_confirmation() {
    let scene = Scene::new().await;
    let mut browser = signed_in(&scene, &scene.ada).await;
    let back = set_off(&scene, &mut browser).await;
    scene.stage.clock.advance(TimeDelta::minutes(9));
    let late = set_off(&scene, &mut browser).await;
    scene.stage.clock.advance(TimeDelta::minutes(2));
    let body = json!({ "connection_id": scene.connection });
    let refused = browser
        .post(&scene.site, IDENTITIES, &body)
        .await
        .expect(403)
        .json();
    assert_eq!(refused["code"], "step_up_required");
    let path = format!("{IDENTITIES}/{}", scene.connection);
    let refused = scene
        .site
        .delete(&path, &browser.cookies())
        .await
        .expect(403)
        .json();
    assert_eq!(refused["code"], "step_up_required");
    // Nor does what was begun in time end too late.
    for back in [back, late] {
        browser.get(&scene.site, &back).await;
    }
    assert_eq!(scene.count("sso_identities").await, 0);
}

#[actix_web::test]
async fn a_link_ends_in_the_session_in_which_it_began() {
    let scene = Scene::new().await;
    let bob = scene.stage.member(&scene.tenant, "bob", Role::User).await;
    let mut browser = signed_in(&scene, &scene.ada).await;
    let back = set_off(&scene, &mut browser).await;
    // The same browser, but somebody else is signed in by now.
    browser.absorb(
        &scene
            .site
            .try_sign_in(&bob.email, crate::support::PASSWORD)
            .await,
    );
    let answer = browser.get(&scene.site, &back).await.expect(400);
    assert!(answer.text.contains("Reference:"), "{}", answer.text);
    // And nobody at all.
    let mut browser = signed_in(&scene, &scene.ada).await;
    let back = set_off(&scene, &mut browser).await;
    browser.forget("trellis");
    browser.get(&scene.site, &back).await.expect(400);
    assert_eq!(scene.count("sso_identities").await, 0);
    let mut nobody = Browser::default();
    let body = json!({ "connection_id": scene.connection });
    nobody
        .post(&scene.site, IDENTITIES, &body)
        .await
        .expect(401);
}

#[actix_web::test]
async fn a_subject_is_one_person_and_a_person_one_subject() {
    let scene = Scene::new().await;
    let bob = scene.stage.member(&scene.tenant, "bob", Role::User).await;
    scene.sign_in(&user("s-1", &bob.email)).await;
    let mut adas = signed_in(&scene, &scene.ada).await;
    link(&scene, &mut adas).await.expect(403);
    assert!(identities(&scene, &adas).await.is_empty());
    scene.idp.set_user(&json!({ "sub": "s-2" }));
    link(&scene, &mut adas).await.expect(303);
    scene.idp.set_user(&json!({ "sub": "s-3" }));
    link(&scene, &mut adas).await.expect(403);
    assert_eq!(identities(&scene, &adas).await.len(), 1);
}

#[actix_web::test]
async fn an_empty_subject_links_nobody() {
    let scene = Scene::new().await;
    let mut browser = signed_in(&scene, &scene.ada).await;
    for subject in [json!(""), json!(" "), Value::Null] {
        scene.idp.set_user(&json!({ "sub": subject }));
        link(&scene, &mut browser).await.expect(502);
    }
    assert_eq!(scene.count("sso_identities").await, 0);
}

#[actix_web::test]
async fn linking_is_no_sign_in_and_signing_in_no_link() {
    let scene = Scene::new().await;
    let mut browser = signed_in(&scene, &scene.ada).await;
    scene.idp.set_user(&user("s-1", "zoe@acme.example"));
    // A sign-in while somebody is signed in is a sign-in.
    browser.sign_in(&scene).await.expect(303);
    let session = scene.session(&browser).await.unwrap();
    assert_eq!(session["member"]["email"], "zoe@acme.example");
    let mut adas = signed_in(&scene, &scene.ada).await;
    assert!(identities(&scene, &adas).await.is_empty());
    // And what came back to link gives nobody a session.
    scene.idp.set_user(&json!({ "sub": "s-2" }));
    let answer = link(&scene, &mut adas).await.expect(303);
    assert!(answer.cookie("trellis").is_none());
}

#[actix_web::test]
async fn a_fresh_proof_of_the_provider_confirms_who_one_is() {
    let scene = Scene::new().await;
    let (mut browser, _) = scene.sign_in(&user("s-1", &scene.ada.email)).await;
    scene.stage.clock.advance(TimeDelta::minutes(11));
    let create = json!({ "domain": "other.example" });
    let domains = "/auth/v1/security/domains";
    browser
        .post(&scene.site, domains, &create)
        .await
        .expect(403);
    let address = browser
        .set_off(&scene, "?purpose=step_up&return_to=/security")
        .await;
    assert!(address.contains("prompt=login") && address.contains("max_age=0"));
    let before = browser.cookie("trellis").unwrap().to_owned();
    // A provider that only says that they were there before.
    let long_ago = (scene.stage.now() - TimeDelta::hours(1)).timestamp();
    scene
        .idp
        .behave(|b| b.id_token = vec![("auth_time", Some(json!(long_ago)))]);
    let back = browser.path_back(&scene, &address);
    browser.get(&scene.site, &back).await.expect(502);
    browser
        .post(&scene.site, domains, &create)
        .await
        .expect(403);
    // Another user of the provider.
    scene.idp.behave(|b| b.id_token.clear());
    scene.idp.set_user(&user("s-2", "zoe@acme.example"));
    let address = browser
        .set_off(&scene, "?purpose=step_up&return_to=/security")
        .await;
    let back = browser.path_back(&scene, &address);
    browser.get(&scene.site, &back).await.expect(403);
    browser
        .post(&scene.site, domains, &create)
        .await
        .expect(403);
    // They themselves, just now.
    scene.idp.set_user(&user("s-1", &scene.ada.email));
    let address = browser
        .set_off(&scene, "?purpose=step_up&return_to=/security")
        .await;
    let back = browser.path_back(&scene, &address);
    let answer = browser.get(&scene.site, &back).await.expect(303);
    assert_eq!(answer.header("location"), Some("/security"));
    assert_ne!(browser.cookie("trellis"), Some(before.as_str()));
    assert!(!scene.site.is_in(&format!("trellis={before}")).await);
    browser
        .post(&scene.site, domains, &create)
        .await
        .expect(201);
    let _ = Method::GET;
}

/// What is refused to who came through a provider, with its reason.
async fn refused_own(scene: &Scene, browser: &mut Browser, path: &str, body: &Value) {
    let answer = browser.post(&scene.site, path, body).await.expect(403);
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with("You came through"), "{path}: {detail}");
}

#[actix_web::test]
async fn who_came_through_a_provider_changes_nothing_that_is_good_elsewhere() {
    let scene = Scene::new().await;
    let before = scene.stage.person(&scene.ada.email).await;
    // The provider's owner may be anybody here: not there, and nobody's owner.
    let (mut browser, _) = scene.sign_in(&user("s-1", &scene.ada.email)).await;
    let email = json!({ "email": "attacker@evil.example" });
    refused_own(&scene, &mut browser, "/auth/v1/email", &email).await;
    refused_own(&scene, &mut browser, "/auth/v1/factors/totp", &json!({})).await;
    refused_own(&scene, &mut browser, "/auth/v1/passkeys/start", &json!({})).await;
    assert_eq!(scene.stage.person(&scene.ada.email).await, before);
    assert_eq!(scene.count("email_changes").await, 0);
    assert_eq!(
        scene.count("people WHERE totp_pending IS NOT NULL").await,
        0
    );
    assert_eq!(scene.count("webauthn_ceremonies").await, 0);
}
