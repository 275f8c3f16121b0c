//! What browsers bring back: once, whole, in time, in the same browser.

use chrono::TimeDelta;
use serde_json::json;
use testkit::TestProvider;

use super::scene::{Browser, Scene, connect, path_of, refused, user};

/// A scene with a user, and a browser that is at the provider with the path that it comes back by.
async fn at_the_provider() -> (Scene, Browser, String) {
    let scene = Scene::new().await;
    scene.idp.set_user(&user("s-1", "zoe@acme.example"));
    let mut browser = Browser::default();
    let address = browser.set_off(&scene, "").await;
    let back = browser.path_back(&scene, &address);
    (scene, browser, back)
}

#[actix_web::test]
async fn a_callback_is_good_once() {
    let (scene, mut browser, back) = at_the_provider().await;
    browser.get(&scene.site, &back).await.expect(303);
    assert!(scene.session(&browser).await.is_some());
    let session = browser.cookie("trellis").unwrap().to_owned();
    let again = browser.get(&scene.site, &back).await;
    refused(&again, "expired");
    assert_eq!(scene.idp.asked("/token"), 1);
    // Who was signed in stays so.
    assert!(scene.site.is_in(&format!("trellis={session}")).await);
}

#[actix_web::test]
async fn of_many_at_once_one_is_taken() {
    let (scene, browser, back) = at_the_provider().await;
    let cookies = browser.cookies();
    let tries = (0..32).map(|_| scene.site.get(&back, &cookies));
    let answers = futures_util::future::join_all(tries).await;
    let signed_in = answers
        .iter()
        .filter(|answer| answer.cookie("trellis").is_some());
    assert_eq!(signed_in.count(), 1);
    assert_eq!(scene.idp.asked("/token"), 1);
}

#[actix_web::test]
async fn a_callback_is_good_in_the_browser_that_set_off() {
    let (scene, browser, back) = at_the_provider().await;
    let mut stranger = Browser::default();
    refused(&stranger.get(&scene.site, &back).await, "expired");
    stranger.set_off(&scene, "").await;
    refused(&stranger.get(&scene.site, &back).await, "expired");
    let mut forgetful = browser.clone();
    forgetful.forget("trellis-flow");
    refused(&forgetful.get(&scene.site, &back).await, "expired");
    assert_eq!(scene.idp.asked("/token"), 0);
    // None of them used it up.
    let mut owner = browser;
    owner.get(&scene.site, &back).await.expect(303);
    assert!(scene.session(&owner).await.is_some());
}

#[actix_web::test]
async fn a_callback_is_good_for_ten_minutes() {
    let (scene, mut browser, back) = at_the_provider().await;
    scene.stage.clock.advance(TimeDelta::minutes(10));
    refused(&browser.get(&scene.site, &back).await, "expired");
    assert_eq!(scene.idp.asked("/token"), 0);
}

#[actix_web::test]
async fn what_is_cut_doubled_or_made_up_is_refused() {
    let (scene, browser, back) = at_the_provider().await;
    let (path, query) = back.split_once('?').unwrap();
    let state = query
        .split("state=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    let bad = [
        path.to_owned(),
        format!("{path}?"),
        format!("{path}?code=x"),
        format!("{path}?state={state}&state={state}&code=x"),
        format!("{path}?{query}&code=another"),
        format!("{path}?{query}&iss={}", scene.idp.issuer()),
        format!("{path}?{}", query.replace(state, &state[..42])),
        format!("{path}?{}", query.replace(state, &format!("{state}A"))),
        format!("{path}?{}", query.replace(state, &"A".repeat(43))),
        format!("{path}?{}", query.replace(state, "%00%FF")),
        format!("{path}?state={}", "x".repeat(9000)),
    ];
    for back in bad {
        let answer = browser.clone().get(&scene.site, &back).await;
        refused(&answer, "expired");
    }
    assert_eq!(scene.idp.asked("/token"), 0);
    let mut browser = browser;
    browser.get(&scene.site, &back).await.expect(303);
    assert!(scene.session(&browser).await.is_some());
}

#[actix_web::test]
async fn two_sign_ins_of_one_browser_may_come_back_in_any_order() {
    let scene = Scene::new().await;
    scene.idp.set_user(&user("s-1", "zoe@acme.example"));
    let mut browser = Browser::default();
    let first = browser.set_off(&scene, "?return_to=/first").await;
    let second = browser.set_off(&scene, "?return_to=/second").await;
    let back = browser.path_back(&scene, &second);
    let answer = browser.get(&scene.site, &back).await.expect(303);
    assert_eq!(answer.header("location"), Some("/second"));
    let back = browser.path_back(&scene, &first);
    let answer = browser.get(&scene.site, &back).await.expect(303);
    assert_eq!(answer.header("location"), Some("/first"));
    // The code of one with the state of the other: neither nonce nor verifier fit.
    let (one, two) = (
        browser.set_off(&scene, "").await,
        browser.set_off(&scene, "").await,
    );
    let (one, two) = (
        browser.path_back(&scene, &one),
        browser.path_back(&scene, &two),
    );
    let part = |path: &str, name: &str| {
        let rest = path.split(&format!("{name}=")).nth(1).unwrap();
        rest.split('&').next().unwrap().to_owned()
    };
    let crossed = one.replace(&part(&one, "code"), &part(&two, "code"));
    refused(&browser.get(&scene.site, &crossed).await, "away");
}

#[actix_web::test]
async fn one_connections_answer_is_not_taken_at_another_address() {
    let (scene, mut browser, back) = at_the_provider().await;
    let cookie = scene.site.sign_in(&scene.ada).await;
    let evil = TestProvider::start(scene.stage.clock.clone()).await;
    let second = connect(&scene.site, &cookie, &evil, &json!({})).await;
    let moved = back.replace(&scene.connection, &second);
    refused(&browser.get(&scene.site, &moved).await, "expired");
    // A mix-up: the browser was sent to the honest provider under the evil one's connection.
    let off = browser
        .get(&scene.site, &format!("/auth/sso/{second}/start"))
        .await;
    let address = off
        .header("location")
        .unwrap()
        .replace(&evil.issuer(), &scene.idp.issuer());
    let back = path_of(&scene.idp.authorize(&address));
    refused(&browser.get(&scene.site, &back).await, "away");
    assert_eq!(evil.asked("/token"), 0);
    browser
        .get(&scene.site, "/auth/sso/nothing/callback")
        .await
        .expect(404);
}

#[actix_web::test]
async fn an_issuer_that_should_be_named_and_is_not_or_is_another_is_refused() {
    let scene = Scene::new().await;
    scene.idp.set_user(&user("s-1", "zoe@acme.example"));
    for iss in [None, Some(json!("https://evil.example"))] {
        scene.idp.behave(|b| b.callback = vec![("iss", iss)]);
        let answer = Browser::default().sign_in(&scene).await;
        refused(&answer, "away");
    }
    assert_eq!(scene.idp.asked("/token"), 0);
}

#[actix_web::test]
async fn who_is_denied_is_told_and_nothing_of_the_provider_is_repeated() {
    let scene = Scene::new().await;
    scene.idp.behave(|b| {
        b.callback = vec![
            ("code", None),
            ("error", Some(json!("access_denied"))),
            (
                "error_description",
                Some(json!("<script>alert(1)</script>")),
            ),
        ];
    });
    let mut browser = Browser::default();
    let answer = browser.sign_in(&scene).await;
    refused(&answer, "denied");
    let page = browser
        .get(&scene.site, answer.header("location").unwrap())
        .await
        .expect(200);
    assert!(page.text.contains("Your provider did not let you in."));
    assert!(page.text.contains("Other ways in") && !page.text.contains("alert(1)"));
}

#[actix_web::test]
async fn the_way_back_is_a_path_of_the_same_host() {
    let scene = Scene::new().await;
    scene.idp.set_user(&user("s-1", "zoe@acme.example"));
    let foreign = [
        "https://evil.example",
        "//evil.example",
        "/%5Cevil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
        "https%3A%2F%2Fevil.example",
    ];
    for path in foreign {
        let mut browser = Browser::default();
        let address = browser.set_off(&scene, &format!("?return_to={path}")).await;
        let back = browser.path_back(&scene, &address);
        let answer = browser.get(&scene.site, &back).await.expect(303);
        assert_eq!(answer.header("location"), Some("/"), "{path}");
    }
    let mut browser = Browser::default();
    let address = browser
        .set_off(&scene, "?return_to=/grids/1%3Ftab%3Da")
        .await;
    let back = browser.path_back(&scene, &address);
    let answer = browser.get(&scene.site, &back).await.expect(303);
    assert_eq!(answer.header("location"), Some("/grids/1?tab=a"));
}

#[actix_web::test]
async fn somebody_else_may_start_a_sign_in_for_the_right_provider_and_a_place_of_ours() {
    let scene = Scene::new().await;
    scene.idp.set_user(&user("s-1", "zoe@acme.example"));
    let host = "http://acme.trellis.localhost:8080";
    let start = |iss: &str, target: &str| {
        format!("?iss={iss}&login_hint=zoe%40acme.example&target_link_uri={target}")
    };
    let mut browser = Browser::default();
    let query = start(&scene.idp.issuer(), &format!("{host}/my-work"));
    let address = browser.set_off(&scene, &query).await;
    assert!(address.contains("login_hint=zoe%40acme.example"));
    let back = browser.path_back(&scene, &address);
    let answer = browser.get(&scene.site, &back).await.expect(303);
    assert_eq!(answer.header("location"), Some("/my-work"));
    for target in [
        "https://evil.example/",
        "http://acme.trellis.localhost:8080.evil.example/x",
        "http://globex.trellis.localhost:8080/x",
    ] {
        let mut browser = Browser::default();
        let address = browser
            .set_off(&scene, &start(&scene.idp.issuer(), target))
            .await;
        let back = browser.path_back(&scene, &address);
        let answer = browser.get(&scene.site, &back).await.expect(303);
        assert_eq!(answer.header("location"), Some("/"), "{target}");
    }
    let path = scene.path(&format!("start{}", start("https://evil.example", host)));
    let answer = Browser::default().get(&scene.site, &path).await;
    refused(&answer, "failed");
    // Nobody outside starts what links or shows.
    for purpose in ["link", "test", "sign_in&purpose=link"] {
        let path = scene.path(&format!("start?purpose={purpose}"));
        Browser::default().get(&scene.site, &path).await.expect(400);
    }
}
