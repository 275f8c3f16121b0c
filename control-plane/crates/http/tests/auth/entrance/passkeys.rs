//! Passkeys on the host of people.

use serde_json::{Value, json};

use super::world::World;
use crate::{
    passkeys::add,
    support::{Answer, Browser, SoftPasskey},
};

const BEGIN: &str = "/auth/people/v1/passkey/start";
const FINISH: &str = "/auth/people/v1/passkey";

/// Ada's passkey, made on acme's host, in front of the host of people.
async fn passkey(world: &World) -> SoftPasskey {
    let cookie = world.at_acme.sign_in(&world.ada).await;
    let mut passkey = SoftPasskey::new(&world.at_acme);
    add(&world.at_acme, &cookie, &mut passkey).await.expect(201);
    passkey.origin = "http://id.trellis.localhost:8080".to_owned();
    passkey
}

/// A ceremony with the cookies of a browser; answers the cookies that it was done with, too.
async fn show(
    world: &World,
    browser: &Browser,
    passkey: &mut SoftPasskey,
) -> (Answer, String, Value) {
    let site = &world.people;
    let begun = site
        .post(BEGIN, &browser.cookies(site), &json!({}))
        .await
        .expect(200);
    if let Some(cookie) = begun.cookie("trellis-flow") {
        browser.set(site, "trellis-flow", cookie.value());
    }
    let body = json!({
        "ceremony": begun.json()["ceremony"],
        "credential": passkey.get(&begun.json()["options"]),
    });
    let cookies = browser.cookies(site);
    let answer = site.post(FINISH, &cookies, &body).await;
    if let Some(cookie) = answer.cookie("trellis") {
        browser.set(site, "trellis", cookie.value());
    }
    (answer, cookies, body)
}

#[actix_web::test]
async fn a_passkey_signs_in_at_home_and_counts_as_two_factors_in_tenants() {
    let world = World::new().await;
    let mut passkey = passkey(&world).await;
    let browser = Browser::new();
    let (done, cookies, body) = show(&world, &browser, &mut passkey).await;
    assert_eq!(done.expect(200).json(), json!({ "status": "signed_in" }));
    browser.get(&world.people, "/accounts").await.expect(200);
    let kept = "SELECT COUNT(*) FROM person_sessions WHERE method = 'passkey' AND second_factor";
    assert_eq!(world.stage.count(kept).await, 1);
    // Once.
    world.people.post(FINISH, &cookies, &body).await.expect(401);
    world
        .decide(&world.globex, "second_factor_required", "1")
        .await;
    let sent = browser
        .get(&world.at_globex, "/auth/handoff")
        .await
        .expect(303);
    let there = sent
        .header("location")
        .unwrap()
        .replace("http://id.trellis.localhost:8080", "");
    let page = browser.get(&world.people, &there).await.expect(200);
    let back = crate::support::the_link(&page, "http://globex").unwrap();
    let back = back.replace("http://globex.trellis.localhost:8080", "");
    browser.get(&world.at_globex, &back).await.expect(303);
    assert!(
        world
            .at_globex
            .is_in(&browser.cookies(&world.at_globex))
            .await
    );
}

#[actix_web::test]
async fn a_passkey_is_the_second_factor_at_home() {
    let world = World::new().await;
    let mut passkey = passkey(&world).await;
    let browser = Browser::new();
    let due = world.sign_in_at_home(&browser).await.expect(303);
    let page = due.header("location").unwrap().to_owned();
    let shown = browser.get(&world.people, &page).await.expect(200);
    assert!(
        shown
            .text
            .contains("data-begin=\"/auth/people/v1/passkey/start\""),
        "{}",
        shown.text
    );
    assert!(shown.text.contains("<noscript>"));
    let waiting = browser.cookie(&world.people, "trellis").unwrap();
    let (done, ..) = show(&world, &browser, &mut passkey).await;
    done.expect(200);
    assert_ne!(browser.cookie(&world.people, "trellis"), Some(waiting));
    browser.get(&world.people, "/accounts").await.expect(200);
}

#[actix_web::test]
async fn tenants_hosts_and_foreign_origins_have_no_part_in_it() {
    let world = World::new().await;
    let mut passkey = passkey(&world).await;
    world.at_acme.post(BEGIN, "", &json!({})).await.expect(404);
    world.at_acme.post(FINISH, "", &json!({})).await;
    passkey.origin = "http://id.evil.example:8080".to_owned();
    let browser = Browser::new();
    let (refused, ..) = show(&world, &browser, &mut passkey).await;
    refused.expect(401);
    assert_eq!(browser.cookie(&world.people, "trellis"), None);
}
