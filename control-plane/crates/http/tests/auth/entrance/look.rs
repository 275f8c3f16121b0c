//! A tenant's name and colour, and what every page has.

use actix_web::test::TestRequest;

use super::world::World;
use crate::support::{Browser, PASSWORD};

#[actix_web::test]
async fn pages_wear_the_tenants_colour() {
    let world = World::new().await;
    let browser = Browser::new();
    let plain = browser.get(&world.at_acme, "/sign-in").await.expect(200);
    assert!(!plain.text.contains("/auth/brand/"));
    world.decide(&world.acme, "colour", "#aa3300").await;
    let page = browser.get(&world.at_acme, "/sign-in").await.expect(200);
    assert!(
        page.text
            .contains("<meta name=\"theme-color\" content=\"#aa3300\">")
    );
    assert!(page.text.contains("href=\"/auth/brand/aa3300.css\""));
    let sheet = browser
        .get(&world.at_acme, "/auth/brand/aa3300.css")
        .await
        .expect(200);
    assert!(sheet.header("cache-control").unwrap().contains("immutable"));
    insta::assert_snapshot!("brand_sheet", sheet.text);
    // What signed-in pages and failures look like, too; other hosts do not.
    browser
        .sign_in(&world.at_acme, &world.ada.email, PASSWORD, "/")
        .await
        .expect(303);
    assert!(
        browser
            .get(&world.at_acme, "/")
            .await
            .text
            .contains("/auth/brand/aa3300.css")
    );
    let missing = browser
        .get(&world.at_acme, "/sign-in/sso/nonsense")
        .await
        .expect(404);
    assert!(missing.text.contains("/auth/brand/aa3300.css"));
    let other = browser.get(&world.at_globex, "/sign-in").await.expect(200);
    assert!(!other.text.contains("aa3300"));
    // Nothing that is no colour gets into a page.
    world.decide(&world.globex, "colour", "\"><svg>").await;
    let odd = browser.get(&world.at_globex, "/sign-in").await.expect(200);
    assert!(!odd.text.contains("<svg>") && !odd.text.contains("/auth/brand/"));
}

#[actix_web::test]
async fn a_browser_that_goes_nowhere_gets_a_page_and_a_program_a_problem() {
    let world = World::new().await;
    world.decide(&world.acme, "colour", "#aa3300").await;
    let browser = Browser::new();
    for path in ["/sign-in/xyz", "/auth/nothing", "/recover/a/b"] {
        for (site, coloured) in [(&world.at_acme, true), (&world.people, false)] {
            let page = browser.get(site, path).await.expect(404);
            assert!(page.text.contains("Page not found"), "{path}");
            assert!(page.text.contains("Reference: <code>"), "{path}");
            assert_eq!(page.text.contains("/auth/brand/aa3300.css"), coloured);
        }
        let fetch = TestRequest::get()
            .uri(path)
            .insert_header(("accept", "text/html"))
            .insert_header(("sec-fetch-mode", "cors"));
        for request in [TestRequest::get().uri(path), fetch] {
            let problem = world.at_acme.send(request).await.expect(404).json();
            assert_eq!(problem["code"], "unknown_route", "{path}");
        }
    }
}

#[actix_web::test]
async fn every_page_has_its_policy_one_heading_and_no_style() {
    let world = World::new().await;
    let browser = Browser::new();
    for (site, path) in [
        (&world.at_acme, "/sign-in"),
        (&world.at_acme, "/recover"),
        (&world.at_acme, "/access-refused?rule=countries"),
        (&world.at_acme, "/sign-in/sso/nonsense"),
        (&world.people, "/sign-in"),
        (&world.people, "/recover"),
        (&world.people, "/handoff"),
        (&world.people, "/access-refused"),
    ] {
        let page = browser.get(site, path).await;
        if page.status == 303 {
            continue;
        }
        let policy = page.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'nonce-"),
            "{path}"
        );
        assert_eq!(page.text.matches("<h1").count(), 1, "{path}");
        assert!(!page.text.contains("style="), "{path}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    }
}

#[actix_web::test]
async fn a_refusal_says_the_kind_of_rule_and_whom_to_ask() {
    let world = World::new().await;
    let browser = Browser::new();
    let page = browser
        .get(&world.at_acme, "/access-refused?rule=countries")
        .await
        .expect(403);
    assert!(
        page.text
            .contains("Access from your country is not allowed."),
        "{}",
        page.text
    );
    assert!(page.text.contains("ask who administers Acme Ltd"));
    world
        .decide(&world.acme, "contact", "help@acme.example")
        .await;
    let page = browser
        .get(&world.at_acme, "/access-refused?rule=hours")
        .await
        .expect(403);
    assert!(page.text.contains("Access at this time is not allowed."));
    assert!(page.text.contains("href=\"mailto:help@acme.example\""));
    let odd = browser
        .get(&world.at_acme, "/access-refused?rule=%3Cb%3E")
        .await
        .expect(403);
    assert!(!odd.text.contains("<b>"));
}
