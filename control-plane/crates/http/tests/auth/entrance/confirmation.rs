//! Confirming that it is still the same person, and setting up a second factor on the way in.

use chrono::TimeDelta;

use super::world::World;
use crate::support::{Browser, PASSWORD};

#[actix_web::test]
async fn the_password_confirms_and_the_cookie_changes() {
    let world = World::new().await;
    let (browser, site) = (Browser::new(), &world.at_acme);
    let led = browser
        .get(site, "/confirm-identity?return_to=/security")
        .await
        .expect(303);
    assert!(
        led.header("location")
            .unwrap()
            .starts_with("/sign-in?return_to=%2Fconfirm-identity")
    );
    browser
        .sign_in(site, &world.ada.email, PASSWORD, "/")
        .await
        .expect(303);
    world.stage.clock.advance(TimeDelta::minutes(11));
    let before = browser.cookies(site);
    let page = browser
        .get(site, "/confirm-identity?return_to=/security/tokens/new")
        .await
        .expect(200);
    assert!(
        page.text.contains("autocomplete=\"current-password\""),
        "{}",
        page.text
    );
    let wrong = browser
        .send(site, &page, &[("with", "password"), ("proof", "wrong")])
        .await;
    assert!(wrong.expect(422).text.contains("The password is wrong."));
    let fields = [("with", "password"), ("proof", PASSWORD)];
    let done = browser.send(site, &page, &fields).await.expect(303);
    assert_eq!(done.header("location"), Some("/security/tokens/new"));
    assert_ne!(browser.cookies(site), before);
    assert!(!site.is_in(&before).await && site.is_in(&browser.cookies(site)).await);
    // A form of the session before is good no more; a foreign target leads home.
    let old = browser.send(site, &page, &fields).await;
    assert_eq!(old.status, 403);
    let page = browser
        .get(site, "/confirm-identity?return_to=//evil.example")
        .await
        .expect(200);
    let done = browser.send(site, &page, &fields).await.expect(303);
    assert_eq!(done.header("location"), Some("/"));
}

#[actix_web::test]
async fn who_has_a_second_factor_is_asked_for_it() {
    let world = World::new().await;
    world.give_totp().await;
    let (browser, site) = (Browser::new(), &world.at_acme);
    let due = browser
        .sign_in(site, &world.ada.email, PASSWORD, "/")
        .await
        .expect(303);
    let code = world.code();
    let page = due.header("location").unwrap().to_owned();
    browser
        .fill(site, &page, &[("code", &code)])
        .await
        .expect(303);
    world.stage.clock.advance(TimeDelta::minutes(11));
    let page = browser.get(site, "/confirm-identity").await.expect(200);
    assert!(
        page.text.contains("autocomplete=\"one-time-code\"")
            && !page.text.contains("type=\"password\"")
    );
    // The password is not enough, whatever the form says.
    let fields = [("with", "password"), ("proof", PASSWORD)];
    browser.send(site, &page, &fields).await.expect(422);
    let code = world.code();
    let done = browser
        .send(site, &page, &[("with", "code"), ("proof", &code)])
        .await;
    done.expect(303);
    let page = browser
        .get(site, "/confirm-identity?with=recovery-code")
        .await
        .expect(200);
    assert!(page.text.contains("Recovery code") && page.text.contains("Use another second factor"));
}

#[actix_web::test]
async fn a_second_factor_that_the_tenant_wants_is_set_up_on_the_way_in() {
    let world = World::new().await;
    world
        .decide(&world.acme, "second_factor_required", "1")
        .await;
    let (browser, site) = (Browser::new(), &world.at_acme);
    let due = browser
        .sign_in(site, &world.ada.email, PASSWORD, "/security")
        .await
        .expect(303);
    let path = due.header("location").unwrap().to_owned();
    assert_eq!(path, "/sign-in/second-factor?return_to=%2Fsecurity");
    assert!(!site.is_in(&browser.cookies(site)).await);
    let page = browser.get(site, &path).await.expect(200);
    assert!(
        page.text.contains("<svg class=\"qr\" role=\"img\""),
        "{}",
        page.text
    );
    let secret = |page: &crate::support::Answer| {
        let rest = page.text.split_once("class=\"secret\">").unwrap().1;
        rest.split_once('<').unwrap().0.replace(' ', "")
    };
    let shown = secret(&page);
    // Opened again, it shows the same.
    let again = browser.get(site, &path).await.expect(200);
    assert_eq!(secret(&again), shown);
    let wrong = browser
        .send(site, &again, &[("code", "000000")])
        .await
        .expect(422);
    assert_eq!(secret(&wrong), shown);
    let code = crate::support::code_at(&world.stage, &shown, 0);
    let done = browser
        .send(site, &again, &[("code", &code)])
        .await
        .expect(200);
    assert!(
        done.text.contains("Keep your recovery codes"),
        "{}",
        done.text
    );
    assert_eq!(done.text.matches("<li><code>").count(), 10);
    assert!(done.text.contains("href=\"/security\""));
    assert!(site.is_in(&browser.cookies(site)).await);
    // Never again.
    let over = browser.get(site, &path).await.expect(303);
    assert_eq!(
        over.header("location"),
        Some("/sign-in?return_to=%2Fsecurity")
    );
    // And a recovery code leads in, once.
    let recovery = done
        .text
        .split_once("<li><code>")
        .unwrap()
        .1
        .split_once('<')
        .unwrap()
        .0
        .to_owned();
    for good in [true, false] {
        let other = Browser::new();
        let due = other
            .sign_in(site, &world.ada.email, PASSWORD, "/x")
            .await
            .expect(303);
        assert_eq!(due.header("location"), Some("/sign-in/code?return_to=%2Fx"));
        let fields = [("code", recovery.as_str())];
        let answer = other
            .fill(site, "/sign-in/recovery-code?return_to=/x", &fields)
            .await;
        assert_eq!(
            answer.status.as_u16(),
            if good { 303 } else { 422 },
            "{}",
            answer.text
        );
    }
}
