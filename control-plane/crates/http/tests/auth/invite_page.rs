use actix_web::{
    http::header::{COOKIE, ORIGIN},
    test::TestRequest,
};
use testkit::mailbox;

use crate::{
    mail::invited,
    support::{Answer, Site, cookie_of, one_tenant},
};

const NEW_PASSWORD: &str = "amber lantern crosses rivers";

/// Follows the link as a browser does; answers the page and the cookie that it goes with.
async fn follow(site: &Site, token: &str) -> (Answer, String) {
    let opened = site.get(&format!("/invite/{token}"), "").await.expect(303);
    assert_eq!(opened.header("location"), Some("/invite"));
    let cookie = opened.cookie("trellis-invite").unwrap();
    assert!(cookie.http_only().unwrap_or_default());
    assert_eq!(
        cookie.max_age(),
        Some(actix_web::cookie::time::Duration::minutes(30))
    );
    let cookie = cookie_of(&opened, "trellis-invite");
    (site.get("/invite", &cookie).await, cookie)
}

fn form_token(page: &Answer) -> String {
    let start = "name=\"form_token\" value=\"";
    let rest = page.text.split_once(start).unwrap().1;
    rest.split_once('"').unwrap().0.to_owned()
}

async fn submit(site: &Site, cookie: &str, fields: &[(&str, &str)]) -> Answer {
    let request = TestRequest::post()
        .uri("/invite")
        .insert_header((COOKIE, cookie));
    site.send(request.set_form(fields)).await
}

#[actix_web::test]
async fn the_page_takes_a_password_and_lets_in() {
    let (stage, _, site, ada) = one_tenant().await;
    let email = mailbox().new_address("ivy");
    let token = invited(&stage, &site, &ada, &email).await;
    let (page, cookie) = follow(&site, &token).await;
    let page = page.expect(200);
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .contains("default-src 'none'")
    );
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(
        page.text.contains("<h1>Join Acme Ltd</h1>"),
        "{}",
        page.text
    );
    assert!(page.text.contains(&email) && page.text.contains("autocomplete=\"new-password\""));
    assert!(!page.text.contains(&token), "the token stands in the page");
    let form = form_token(&page);

    let weak = [
        ("form_token", form.as_str()),
        ("name", "Ivy Lee"),
        ("password", "short"),
    ];
    let weak = submit(&site, &cookie, &weak).await.expect(422);
    assert!(weak.text.contains("<title>Error: Join Acme Ltd"));
    assert!(weak.text.contains("A password has at least 15 characters."));
    assert!(weak.text.contains("value=\"Ivy Lee\""));
    assert!(!weak.text.contains("value=\"short\""));
    let nameless = [
        ("form_token", form.as_str()),
        ("name", " "),
        ("password", NEW_PASSWORD),
    ];
    let nameless = submit(&site, &cookie, &nameless).await;
    assert!(nameless.expect(422).text.contains("Enter your name."));

    let fields = [
        ("form_token", form.as_str()),
        ("name", "Ivy Lee"),
        ("password", NEW_PASSWORD),
    ];
    let done = submit(&site, &cookie, &fields).await.expect(303);
    assert_eq!(done.header("location"), Some("/invite"));
    assert_eq!(done.cookie("trellis-invite").unwrap().value(), "");
    let session = cookie_of(&done, "trellis");
    let welcome = site.get("/invite", &session).await.expect(200);
    assert!(welcome.text.contains("<h1>You are in</h1>") && welcome.text.contains("href=\"/\""));
    site.try_sign_in(&email, NEW_PASSWORD).await.expect(200);

    // The link again: signed in, it is fine; otherwise it says what to do.
    let (again, cookie) = follow(&site, &token).await;
    assert!(again.expect(410).text.contains("has been used"));
    let both = site
        .get("/invite", &format!("{cookie}; {session}"))
        .await
        .expect(200);
    assert!(both.text.contains("You are in"));
    assert!(
        submit(&site, &cookie, &fields)
            .await
            .expect(410)
            .text
            .contains("has been used")
    );
}

#[actix_web::test]
async fn looking_uses_nothing_up() {
    let (stage, _, site, ada) = one_tenant().await;
    let email = mailbox().new_address("ivy");
    let token = invited(&stage, &site, &ada, &email).await;
    for _ in 0..5 {
        let (page, _) = follow(&site, &token).await;
        page.expect(200);
    }
    assert_eq!(
        stage
            .count("SELECT COUNT(*) FROM invitations WHERE accepted_at IS NULL")
            .await,
        1
    );
}

#[actix_web::test]
async fn a_form_of_another_site_is_refused() {
    let (stage, _, site, ada) = one_tenant().await;
    let email = mailbox().new_address("ivy");
    let token = invited(&stage, &site, &ada, &email).await;
    let (page, cookie) = follow(&site, &token).await;
    let form = form_token(&page);
    let forged = [
        ("form_token", "0"),
        ("name", "Eve"),
        ("password", NEW_PASSWORD),
    ];
    submit(&site, &cookie, &forged).await.expect(403);
    let fields = [
        ("form_token", form.as_str()),
        ("name", "Eve"),
        ("password", NEW_PASSWORD),
    ];
    let foreign = TestRequest::post()
        .uri("/invite")
        .insert_header((COOKIE, cookie.as_str()))
        .insert_header((ORIGIN, "http://globex.trellis.localhost:8080"));
    site.send(foreign.set_form(fields)).await.expect(403);
    assert_eq!(
        stage
            .count("SELECT COUNT(*) FROM invitations WHERE accepted_at IS NULL")
            .await,
        1
    );
}

#[actix_web::test]
async fn a_broken_link_leads_to_an_explanation() {
    let (_stage, _, site, _) = one_tenant().await;
    for path in ["/invite", "/invite/", "/invite/nonsense"] {
        let page = site.get(path, "").await.expect(404);
        assert!(
            path == "/invite/" || page.text.contains("This invitation cannot be used"),
            "{path}"
        );
    }
    let (unknown, _) = follow(&site, &"A".repeat(43)).await;
    assert!(
        unknown
            .expect(404)
            .text
            .contains("This invitation cannot be used")
    );
}
