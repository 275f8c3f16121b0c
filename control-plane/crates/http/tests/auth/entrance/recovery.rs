//! A forgotten password, and a new address.

use chrono::TimeDelta;

use super::world::World;
use crate::support::{Browser, PASSWORD, Site};

const NEW: &str = "amber lantern crosses rivers";

/// A link's token, as if it had come by mail.
async fn link(world: &World, tenant: bool) -> String {
    let token: String = "Zm9y".repeat(10) + if tenant { "Z28" } else { "aGU" };
    let tenant = tenant.then(|| world.acme.host.tenant_id.as_uuid());
    let now = world.stage.now();
    let sql = "INSERT INTO password_resets (id, token_hash, person_id, tenant_id, created_at, \
               expires_at) VALUES (?, UNHEX(SHA2(?, 256)), ?, ?, ?, ?)";
    let values = [
        uuid::Uuid::now_v7().into(),
        token.as_str().into(),
        world.person().await.as_uuid().into(),
        tenant.into(),
        now.into(),
        (now + TimeDelta::minutes(30)).into(),
    ];
    world.stage.execute(sql, values).await;
    token
}

async fn works(world: &World, site: &Site, password: &str) -> bool {
    let browser = Browser::new();
    let tried = browser
        .sign_in(site, &world.ada.email, password, "/x")
        .await;
    tried.header("location") == Some("/x")
}

#[actix_web::test]
async fn asking_says_the_same_to_everybody() {
    let world = World::new().await;
    for site in [&world.at_acme, &world.people] {
        let browser = Browser::new();
        let mut said = Vec::new();
        for email in ["ada@acme.example", "eve@acme.example"] {
            let page = browser
                .fill(site, "/recover", &[("email", email)])
                .await
                .expect(200);
            assert!(
                page.text.contains("<h1>Look into your mail</h1>"),
                "{}",
                page.text
            );
            let nonce = page
                .text
                .split_once("nonce=\"")
                .unwrap()
                .1
                .split_once('"')
                .unwrap()
                .0;
            said.push(
                page.text
                    .replace(email, "[email]")
                    .replace(nonce, "[nonce]"),
            );
        }
        assert_eq!(said[0], said[1]);
        let odd = browser
            .fill(site, "/recover", &[("email", "ada")])
            .await
            .expect(422);
        assert!(odd.text.contains("<title>Error: Set a new password"));
        browser
            .post(site, "/recover", &[("email", "ada@acme.example")])
            .await
            .expect(403);
    }
}

#[actix_web::test]
async fn a_link_sets_a_new_password_once_and_signs_nobody_in() {
    let world = World::new().await;
    for (tenant, site) in [(true, &world.at_acme), (false, &world.people)] {
        let token = link(&world, tenant).await;
        let browser = Browser::new();
        let opened = browser
            .get(site, &format!("/recover/{token}"))
            .await
            .expect(303);
        assert_eq!(opened.header("location"), Some("/recover/new-password"));
        assert_eq!(opened.header("referrer-policy"), Some("no-referrer"));
        let page = browser.get(site, "/recover/new-password").await.expect(200);
        assert!(!page.text.contains(&token), "the token stands in the page");
        assert!(page.text.contains("autocomplete=\"new-password\""));
        let weak = browser
            .send(site, &page, &[("password", "short")])
            .await
            .expect(422);
        assert!(
            weak.text.contains("A password has at least 15 characters."),
            "{}",
            weak.text
        );
        // On another host the link is nobody's.
        let other = Browser::new();
        other
            .get(&world.at_globex, &format!("/recover/{token}"))
            .await
            .expect(303);
        other
            .get(&world.at_globex, "/recover/new-password")
            .await
            .expect(410);

        let new = format!("{NEW} {tenant}");
        let done = browser
            .send(site, &page, &[("password", &new)])
            .await
            .expect(303);
        assert_eq!(
            done.header("location"),
            Some("/sign-in?notice=password-changed")
        );
        assert_eq!(browser.cookie(site, "trellis"), None);
        assert!(works(&world, site, &new).await && !works(&world, site, PASSWORD).await);
        // Used up: for who looks, who sends the form again, and who follows the link again.
        let again = Browser::new();
        again
            .get(site, &format!("/recover/{token}"))
            .await
            .expect(303);
        let spent = again.get(site, "/recover/new-password").await.expect(410);
        assert!(spent.text.contains("This link cannot be used"));
        world.stage.execute("DELETE FROM password_resets", []).await;
    }
}

#[actix_web::test]
async fn a_broken_link_leads_to_an_explanation() {
    let world = World::new().await;
    for path in [
        "/recover/new-password",
        "/recover/nonsense",
        "/confirm-email/nonsense",
        "/confirm-email",
    ] {
        let page = Browser::new().get(&world.at_acme, path).await.expect(410);
        assert!(page.text.contains("This link cannot be used"), "{path}");
    }
}

#[actix_web::test]
async fn a_new_address_is_confirmed_by_its_link() {
    let world = World::new().await;
    let token = "Zm9y".repeat(10) + "ZW0";
    let now = world.stage.now();
    let sql = "INSERT INTO email_changes (id, token_hash, person_id, email, created_at, expires_at) \
               VALUES (?, UNHEX(SHA2(?, 256)), ?, 'countess@acme.example', ?, ?)";
    let values = [
        uuid::Uuid::now_v7().into(),
        token.as_str().into(),
        world.person().await.as_uuid().into(),
        now.into(),
        (now + TimeDelta::minutes(30)).into(),
    ];
    world.stage.execute(sql, values).await;
    let (browser, site) = (Browser::new(), &world.at_acme);
    browser
        .get(site, &format!("/confirm-email/{token}"))
        .await
        .expect(303);
    let page = browser.get(site, "/confirm-email").await.expect(200);
    assert!(page.text.contains("countess@acme.example") && page.text.contains(&world.ada.email));
    let done = browser.send(site, &page, &[]).await.expect(200);
    assert!(
        done.text.contains("Your address is changed"),
        "{}",
        done.text
    );
    let signed_in = browser
        .sign_in(site, "countess@acme.example", PASSWORD, "/x")
        .await;
    assert_eq!(signed_in.expect(303).header("location"), Some("/x"));
    let again = Browser::new();
    again
        .get(site, &format!("/confirm-email/{token}"))
        .await
        .expect(303);
    again.get(site, "/confirm-email").await.expect(410);
}
