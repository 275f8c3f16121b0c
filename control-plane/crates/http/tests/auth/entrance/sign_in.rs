//! Address, then password.

use actix_web::{http::header::COOKIE, test::TestRequest};

use super::world::World;
use crate::support::{Browser, PASSWORD, hidden};

#[actix_web::test]
async fn an_address_then_a_password_lead_to_where_one_wanted_to_go() {
    let world = World::new().await;
    let (browser, site) = (Browser::new(), &world.at_acme);
    let first = browser
        .get(site, "/sign-in?return_to=/security")
        .await
        .expect(200);
    assert!(
        first.text.contains("<h1>Sign in to Acme Ltd</h1>"),
        "{}",
        first.text
    );
    assert!(first.text.contains("autocomplete=\"username webauthn\""));
    assert_eq!(first.text.matches("<h1").count(), 1);
    assert_eq!(first.header("cache-control"), Some("no-store"));
    let second = browser
        .send(site, &first, &[("email", &world.ada.email)])
        .await;
    let second = second.expect(303);
    assert_eq!(
        second.header("location"),
        Some("/sign-in/password?return_to=%2Fsecurity")
    );
    let second = browser
        .get(site, second.header("location").unwrap())
        .await
        .expect(200);
    assert!(second.text.contains("autocomplete=\"current-password\""));
    // Password managers find the user name beside the password.
    let email = format!("value=\"{}\" autocomplete=\"username\"", world.ada.email);
    assert!(second.text.contains(&email), "{}", second.text);
    let fields = [("email", world.ada.email.as_str()), ("password", PASSWORD)];
    let done = browser.send(site, &second, &fields).await.expect(303);
    assert_eq!(done.header("location"), Some("/security"));
    assert!(site.is_in(&browser.cookies(site)).await);
    assert_eq!(browser.cookie(site, "trellis-email"), None);
    assert_eq!(browser.cookie(site, "trellis-form"), None);
    // Who is in is not asked again.
    let again = browser.get(site, "/sign-in?return_to=/x").await.expect(303);
    assert_eq!(again.header("location"), Some("/x"));
    let home = browser.get(site, "/").await.expect(200);
    assert!(
        home.text
            .contains("you are signed in to <strong>Acme Ltd</strong>")
    );
    assert!(
        home.text
            .contains("http://id.trellis.localhost:8080/accounts")
    );
}

#[actix_web::test]
async fn a_known_and_an_unknown_address_see_the_same_pages() {
    let world = World::new().await;
    for site in [&world.at_acme, &world.people] {
        let mut seen = Vec::new();
        // Of the same length and domain; the second one is nobody's.
        for email in ["ada@acme.example", "eve@acme.example"] {
            let before = world.stage.auth.passwords.checks();
            let browser = Browser::new();
            let first = browser
                .fill(site, "/sign-in", &[("email", email)])
                .await
                .expect(303);
            let location = first.header("location").unwrap().to_owned();
            let second = browser.get(site, &location).await.expect(200);
            let fields = [("email", email), ("password", "wrong but long enough")];
            let refused = browser.send(site, &second, &fields).await.expect(422);
            assert!(refused.text.contains("E-mail or password is wrong."));
            let recover = browser.get(site, "/recover").await.expect(200);
            let clean = |page: &crate::support::Answer| {
                let token = hidden(page, "form_token").unwrap();
                let text = page
                    .text
                    .replace(&token, "[form]")
                    .replace(email, "[email]");
                let nonce = text
                    .split_once("nonce=\"")
                    .unwrap()
                    .1
                    .split_once('"')
                    .unwrap()
                    .0
                    .to_owned();
                text.replace(&nonce, "[nonce]")
            };
            seen.push((
                location,
                clean(&second),
                clean(&refused),
                clean(&recover),
                world.stage.auth.passwords.checks() - before,
            ));
        }
        assert_eq!(seen[0], seen[1]);
        assert_eq!(seen[0].4, 1, "one hash, whoever it is");
    }
}

#[actix_web::test]
async fn what_is_no_address_is_said_and_kept() {
    let world = World::new().await;
    let (browser, site) = (Browser::new(), &world.at_acme);
    for (typed, fault) in [
        ("", "Enter your e-mail address."),
        ("ada at acme", "This is not an e-mail address."),
    ] {
        let page = browser
            .fill(site, "/sign-in", &[("email", typed)])
            .await
            .expect(422);
        assert!(
            page.text.contains("<title>Error: Sign in to Acme Ltd"),
            "{}",
            page.text
        );
        assert!(page.text.contains(fault), "{fault}");
        assert!(page.text.contains("class=\"error-summary\""));
        assert!(page.text.contains("href=\"#email\""));
        assert!(page.text.contains(&format!("value=\"{typed}\"")));
    }
    // The second page alone knows nobody.
    let second = Browser::new()
        .get(site, "/sign-in/password")
        .await
        .expect(303);
    assert_eq!(second.header("location"), Some("/sign-in?return_to=%2F"));
}

#[actix_web::test]
async fn a_password_is_never_given_back() {
    let world = World::new().await;
    let browser = Browser::new();
    let wrong = "wrong & long enough";
    let page = browser
        .sign_in(&world.at_acme, &world.ada.email, wrong, "/")
        .await
        .expect(422);
    assert!(!page.text.contains("wrong &") && !page.text.contains("wrong &#38;"));
    assert!(!world.at_acme.is_in(&browser.cookies(&world.at_acme)).await);
}

#[actix_web::test]
async fn nobody_is_led_to_another_site() {
    let world = World::new().await;
    let site = &world.at_acme;
    for bad in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/%2F/evil.example/%2e%2e",
        "javascript:alert(1)",
        "/.//evil.example",
        "%20//evil.example",
    ] {
        let browser = Browser::new();
        let encoded: String = bad.replace('%', "%25").replace('\\', "%5C");
        let done = browser
            .sign_in(site, &world.ada.email, PASSWORD, &encoded)
            .await
            .expect(303);
        let location = done.header("location").unwrap();
        assert!(location.starts_with('/'), "{bad} led to {location}");
        assert!(
            !location.starts_with("//") && !location.contains('\\'),
            "{bad} led to {location}"
        );
        assert!(
            !location.contains("evil.example") || location.starts_with("/%2F"),
            "{location}"
        );
        let again = browser
            .get(site, &format!("/sign-in?return_to={encoded}"))
            .await
            .expect(303);
        assert!(again.header("location").unwrap().starts_with('/'));
        assert!(!again.header("location").unwrap().starts_with("//"));
    }
}

#[actix_web::test]
async fn a_session_that_somebody_planted_is_not_taken_up() {
    let world = World::new().await;
    for (site, name) in [(&world.at_acme, "/"), (&world.people, "/accounts")] {
        let browser = Browser::new();
        let planted = "A".repeat(43);
        browser.set(site, "trellis", &planted);
        let done = browser
            .sign_in(site, &world.ada.email, PASSWORD, name)
            .await;
        assert_eq!(done.expect(303).header("location"), Some(name));
        assert_ne!(browser.cookie(site, "trellis"), Some(planted));
    }
}

#[actix_web::test]
async fn forms_of_other_sites_and_other_browsers_are_refused() {
    let world = World::new().await;
    let site = &world.at_acme;
    let (mine, theirs) = (Browser::new(), Browser::new());
    let foreign = theirs.get(site, "/sign-in").await.expect(200);
    mine.get(site, "/sign-in").await.expect(200);
    let refused = mine
        .send(site, &foreign, &[("email", "a@b.example")])
        .await
        .expect(403);
    assert!(
        refused.text.contains("This form is no longer good"),
        "{}",
        refused.text
    );
    assert!(refused.text.contains("Reference:"));
    // Without a cookie there was no page.
    let bare = Browser::new()
        .post(site, "/sign-in", &[("email", "a@b.example")])
        .await;
    bare.expect(403);
    let token = hidden(&foreign, "form_token").unwrap();
    let cross = TestRequest::post()
        .uri("/sign-in")
        .insert_header((COOKIE, theirs.cookies(site)))
        .insert_header(("sec-fetch-site", "same-site"))
        .set_form([("form_token", token.as_str()), ("email", "a@b.example")]);
    site.send(cross).await.expect(403);
}

#[actix_web::test]
async fn too_many_attempts_are_told_when_to_come_again() {
    let world = World::new().await;
    let browser = Browser::new();
    for _ in 0..40 {
        let page = browser
            .sign_in(
                &world.at_acme,
                &world.ada.email,
                "wrong but long enough",
                "/",
            )
            .await;
        if page.status == 429 {
            assert!(page.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
            assert!(page.text.contains("Too many attempts. Try again in"));
            assert!(page.text.contains("<h1>Sign in to Acme Ltd</h1>"));
            return;
        }
        page.expect(422);
    }
    panic!("never");
}

#[actix_web::test]
async fn one_signs_out_by_a_form_only() {
    let world = World::new().await;
    let (browser, site) = (Browser::new(), &world.at_acme);
    browser
        .sign_in(site, &world.ada.email, PASSWORD, "/")
        .await
        .expect(303);
    let session = browser.cookies(site);
    browser.post(site, "/auth/sign-out", &[]).await.expect(403);
    assert!(site.is_in(&session).await);
    let home = browser.get(site, "/").await.expect(200);
    let token = home
        .text
        .split_once("name=\"form_token\" value=\"")
        .unwrap()
        .1;
    let token = token.split_once('"').unwrap().0;
    let left = browser
        .post(site, "/auth/sign-out", &[("form_token", token)])
        .await
        .expect(303);
    assert_eq!(left.header("location"), Some("/sign-in?notice=signed-out"));
    assert!(!site.is_in(&session).await);
    let page = browser
        .get(site, "/sign-in?notice=signed-out")
        .await
        .expect(200);
    assert!(page.text.contains("You are signed out."));
    // Nobody's page leads to sign-in and back.
    let led = browser.get(site, "/").await.expect(303);
    assert_eq!(led.header("location"), Some("/sign-in?return_to=%2F"));
}
