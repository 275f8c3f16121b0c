//! Testing a connection: the claims are shown, and nobody is signed in, linked or changed.

use serde_json::{Value, json};

use super::scene::{Browser, Scene, user};

async fn test(scene: &Scene, browser: &mut Browser) -> Value {
    let path = format!("{}/test", scene.resource());
    let begun = browser
        .post(&scene.site, &path, &json!({}))
        .await
        .expect(200)
        .json();
    let address = begun["authorization_url"].as_str().unwrap().to_owned();
    let back = browser.path_back(scene, &address);
    let answer = browser.get(&scene.site, &back).await.expect(303);
    let wanted = format!("/admin/security/connections/{}/test", scene.connection);
    assert_eq!(answer.header("location"), Some(wanted.as_str()));
    browser.get(&scene.site, &path).await.expect(200).json()
}

#[actix_web::test]
async fn a_test_shows_the_claims_and_what_would_come_of_them() {
    let scene = Scene::with(&json!({
        "provisions": true, "state": "disabled", "group_claim": "groups",
        "group_roles": [{ "group": "planners", "role": "builder" }],
    }))
    .await;
    let mut browser = Browser::with(&scene.site.sign_in(&scene.ada).await);
    let mut somebody = user("s-1", "zoe@acme.example");
    somebody["groups"] = json!(["planners"]);
    scene.idp.set_user(&somebody);
    let found = test(&scene, &mut browser).await;
    assert_eq!(found["problem"], Value::Null);
    assert_eq!(found["claims"]["email"], "zoe@acme.example");
    assert_eq!(found["claims"]["groups"], json!(["planners"]));
    assert_eq!(
        (&found["role"], &found["is_you"]),
        (&json!("builder"), &json!(false))
    );
    for table in ["sso_identities", "sessions WHERE method = 'sso'"] {
        assert_eq!(scene.count(table).await, 0, "{table}");
    }
    assert_eq!(scene.count("people").await, 1);
    // Somebody else's test does not prove that the architect can come in.
    let shown = scene
        .site
        .get(&scene.resource(), &browser.cookies())
        .await
        .json();
    assert_eq!(shown["tested_at"], Value::Null);

    scene.idp.set_user(&user("s-2", &scene.ada.email));
    let found = test(&scene, &mut browser).await;
    assert_eq!(found["is_you"], true);
    let shown = scene
        .site
        .get(&scene.resource(), &browser.cookies())
        .await
        .json();
    assert_ne!(shown["tested_at"], Value::Null);
    assert_eq!(scene.count("sso_identities").await, 0);
}

#[actix_web::test]
async fn a_test_says_what_is_wrong() {
    let scene = Scene::new().await;
    let mut browser = Browser::with(&scene.site.sign_in(&scene.ada).await);
    scene.idp.set_user(&user("s-1", "zoe@elsewhere.example"));
    let found = test(&scene, &mut browser).await;
    let wanted = "the e-mail address is in no verified domain of this tenant";
    assert_eq!(found["problem"], wanted);
    assert_eq!(found["claims"]["email"], "zoe@elsewhere.example");
    scene
        .idp
        .behave(|b| b.id_token = vec![("aud", Some(json!("another")))]);
    let found = test(&scene, &mut browser).await;
    assert_eq!(found["problem"], "the ID token: it is for another audience");
    assert!(!found["request_id"].as_str().unwrap().is_empty());
    // What others found is not shown to other sessions.
    let other = scene.site.sign_in(&scene.ada).await;
    let path = format!("{}/test", scene.resource());
    scene.site.get(&path, &other).await.expect(404);
}

#[actix_web::test]
async fn only_architects_test() {
    let scene = Scene::new().await;
    let bob = scene
        .stage
        .member(&scene.tenant, "bob", kernel::Role::Builder)
        .await;
    let bobs = scene.site.sign_in(&bob).await;
    let path = format!("{}/test", scene.resource());
    scene.site.post(&path, &bobs, &json!({})).await.expect(403);
    scene.site.get(&path, &bobs).await.expect(403);
}
