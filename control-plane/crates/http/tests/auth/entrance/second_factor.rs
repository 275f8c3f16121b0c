//! The code, and the recovery code.

use super::world::World;
use crate::support::{Browser, PASSWORD};

#[actix_web::test]
async fn the_second_factor_is_asked_for_on_both_kinds_of_host() {
    let world = World::new().await;
    world.give_totp().await;
    for (site, target) in [(&world.at_acme, "/security"), (&world.people, "/accounts")] {
        let browser = Browser::new();
        let due = browser
            .sign_in(site, &world.ada.email, PASSWORD, target)
            .await
            .expect(303);
        let page = due.header("location").unwrap().to_owned();
        assert!(page.starts_with("/sign-in/code?return_to="), "{page}");
        let waiting = browser.cookies(site);
        assert!(!site.is_in(&waiting).await);
        let led = browser.get(site, "/accounts").await.expect(303);
        assert_ne!(led.header("location"), Some("/accounts"));
        let shown = browser.get(site, &page).await.expect(200);
        assert!(
            shown.text.contains("autocomplete=\"one-time-code\""),
            "{}",
            shown.text
        );
        assert!(shown.text.contains("inputmode=\"numeric\""));
        assert!(
            shown.text.contains("href=\"/sign-in?return_to="),
            "{}",
            shown.text
        );
        let wrong = browser
            .send(site, &shown, &[("code", "000000")])
            .await
            .expect(422);
        assert!(wrong.text.contains("This code is wrong, or it was used."));
        let code = world.code();
        let done = browser
            .send(site, &shown, &[("code", &code)])
            .await
            .expect(303);
        assert_eq!(done.header("location"), Some(target));
        assert_ne!(browser.cookies(site), waiting, "the cookie is a new one");
        let opened = browser
            .get(site, if target == "/security" { "/" } else { target })
            .await;
        opened.expect(200);
        // The waiting session is over, and the code is used.
        let old = Browser::new();
        for pair in waiting.split("; ") {
            let (name, value) = pair.split_once('=').unwrap();
            old.set(site, name, value);
        }
        let over = old.get(site, &page).await.expect(303);
        assert!(over.header("location").unwrap().starts_with("/sign-in?"));
        world
            .stage
            .execute("UPDATE people SET totp_last_step = 0", [])
            .await;
    }
}

#[actix_web::test]
async fn one_code_lets_one_of_many_in() {
    let world = World::new().await;
    world.give_totp().await;
    let site = &world.people;
    let mut ready = Vec::new();
    for _ in 0..8 {
        let browser = Browser::new();
        let due = browser
            .sign_in(site, &world.ada.email, PASSWORD, "/accounts")
            .await
            .expect(303);
        let page = due.header("location").unwrap().to_owned();
        let shown = browser.get(site, &page).await.expect(200);
        ready.push((browser, shown));
    }
    let code = world.code();
    let tries = ready.iter().map(|(browser, shown)| {
        let code = &code;
        async move {
            browser
                .send(site, shown, &[("code", code)])
                .await
                .status
                .as_u16()
        }
    });
    let answers = futures_util::future::join_all(tries).await;
    assert_eq!(
        answers.iter().filter(|status| **status == 303).count(),
        1,
        "{answers:?}"
    );
}

#[actix_web::test]
async fn the_page_alone_leads_back() {
    let world = World::new().await;
    for site in [&world.at_acme, &world.people] {
        for page in ["/sign-in/code", "/sign-in/recovery-code"] {
            let led = Browser::new().get(site, page).await.expect(303);
            assert_eq!(
                led.header("location"),
                Some("/sign-in?return_to=%2F"),
                "{page}"
            );
        }
    }
}
