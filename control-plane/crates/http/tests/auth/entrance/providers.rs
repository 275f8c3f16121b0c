//! Which way belongs to an address, and the page before a provider.

use uuid::Uuid;

use super::world::World;
use crate::support::{Browser, TestTenant};

async fn connection(world: &World, tenant: &TestTenant, name: &str, state: &str) -> Uuid {
    let id = Uuid::now_v7();
    let now = world.stage.now();
    let sql = "INSERT INTO sso_connections (id, tenant_id, name, issuer, client_id, scopes, \
               algorithms, provisions, default_role, default_external, proves_second_factor, \
               state, revision, created_at, updated_at) VALUES (?, ?, ?, 'https://login.example', \
               'trellis', 'openid email', 'RS256', FALSE, 'user', FALSE, FALSE, ?, 1, ?, ?)";
    let values = [
        id.into(),
        tenant.host.tenant_id.as_uuid().into(),
        name.into(),
        state.into(),
        now.into(),
        now.into(),
    ];
    world.stage.execute(sql, values).await;
    id
}

async fn domain(world: &World, tenant: &TestTenant, domain: &str, verified: bool) {
    let now = world.stage.now();
    let sql = "INSERT INTO verified_domains (id, tenant_id, domain, challenge, created_at, \
               verified_at) VALUES (?, ?, ?, 'x', ?, ?)";
    let values = [
        Uuid::now_v7().into(),
        tenant.host.tenant_id.as_uuid().into(),
        domain.into(),
        now.into(),
        verified.then_some(now).into(),
    ];
    world.stage.execute(sql, values).await;
}

async fn way(site: &crate::support::Site, email: &str) -> String {
    let browser = Browser::new();
    let next = browser
        .fill(site, "/sign-in?return_to=/x", &[("email", email)])
        .await
        .expect(303);
    next.header("location").unwrap().to_owned()
}

#[actix_web::test]
async fn a_verified_domain_leads_to_its_provider_and_nothing_else_does() {
    let world = World::new().await;
    let id = connection(&world, &world.acme, "Acme Login", "enabled").await;
    let password = "/sign-in/password?return_to=%2Fx";
    domain(&world, &world.acme, "acme.example", false).await;
    assert_eq!(way(&world.at_acme, "ada@acme.example").await, password);
    let sql = "UPDATE verified_domains SET verified_at = ?";
    world.stage.execute(sql, [world.stage.now().into()]).await;
    // Known or not: the domain counts.
    for email in ["ada@acme.example", "nobody@acme.example"] {
        let led = way(&world.at_acme, email).await;
        assert_eq!(led, format!("/sign-in/sso/{id}?return_to=%2Fx"));
        assert_eq!(
            way(&world.people, email).await,
            "/sign-in/organisation?return_to=%2Fx"
        );
    }
    assert_eq!(way(&world.at_acme, "ada@sub.acme.example").await, password);
    // Another tenant's domain is not this one's business.
    assert_eq!(way(&world.at_globex, "ada@acme.example").await, password);
    let sql = "UPDATE sso_connections SET state = 'disabled'";
    world.stage.execute(sql, []).await;
    assert_eq!(way(&world.at_acme, "ada@acme.example").await, password);
}

#[actix_web::test]
async fn the_page_before_a_provider_leads_on_and_has_other_ways() {
    let world = World::new().await;
    let id = connection(&world, &world.acme, "Acme <Login>", "enabled").await;
    let off = connection(&world, &world.acme, "Old", "disabled").await;
    let (browser, site) = (Browser::new(), &world.at_acme);
    let first = browser.get(site, "/sign-in?return_to=/x").await.expect(200);
    assert!(
        first.text.contains("Continue with Acme &#60;Login&#62;"),
        "{}",
        first.text
    );
    assert!(!first.text.contains("Old"));
    let page = browser
        .get(site, &format!("/sign-in/sso/{id}?return_to=/x"))
        .await
        .expect(200);
    let start = format!("/auth/sso/{id}/start?return_to=%2Fx");
    assert!(page.text.contains("http-equiv=\"refresh\""));
    assert_eq!(
        crate::support::the_link(&page, "/auth/sso/").unwrap(),
        start
    );
    assert!(page.text.contains("Other ways in"));
    // After a failure it waits, and says what happened in our words only.
    let failed = format!("/sign-in/sso/{id}?failure=denied&reference=0192f3a4b5c6");
    let page = browser.get(site, &failed).await.expect(200);
    assert!(
        page.text.contains("Your provider did not let you in."),
        "{}",
        page.text
    );
    assert!(!page.text.contains("http-equiv=\"refresh\""));
    assert!(page.text.contains("0192f3a4b5c6"));
    let odd = format!("/sign-in/sso/{id}?failure=%3Cscript%3E&reference=%3Cscript%3E");
    let page = browser.get(site, &odd).await.expect(200);
    assert!(!page.text.contains("<script>"), "{}", page.text);
    assert!(!page.text.contains("&#60;script&#62;"));
    // What is off, another tenant's, or nobody's does not exist.
    let foreign = connection(&world, &world.globex, "Globex", "enabled").await;
    for id in [off, foreign, Uuid::now_v7()] {
        browser
            .get(site, &format!("/sign-in/sso/{id}"))
            .await
            .expect(404);
        browser
            .get(&world.people, &format!("/sign-in/sso/{id}"))
            .await
            .expect(404);
    }
}

#[actix_web::test]
async fn at_home_an_organisation_is_one_way_and_the_password_another() {
    let world = World::new().await;
    let id = connection(&world, &world.acme, "Acme Login", "enabled").await;
    domain(&world, &world.acme, "acme.example", true).await;
    let (browser, site) = (Browser::new(), &world.people);
    let next = browser
        .fill(site, "/sign-in", &[("email", "ada@acme.example")])
        .await
        .expect(303);
    let page = browser
        .get(site, next.header("location").unwrap())
        .await
        .expect(200);
    let there = format!("http://acme.trellis.localhost:8080/sign-in/sso/{id}");
    assert!(page.text.contains(&there), "{}", page.text);
    assert!(page.text.contains("/sign-in/password?return_to=%2F"));
    let led = Browser::new()
        .get(site, "/sign-in/organisation")
        .await
        .expect(303);
    assert_eq!(led.header("location"), Some("/sign-in?return_to=%2F"));
    browser
        .get(&world.at_acme, "/sign-in/organisation")
        .await
        .expect(404);
}

#[actix_web::test]
async fn where_single_sign_on_is_enforced_it_comes_first() {
    let world = World::new().await;
    connection(&world, &world.acme, "Acme Login", "enabled").await;
    world.decide(&world.acme, "sso_enforced", "1").await;
    let (browser, site) = (Browser::new(), &world.at_acme);
    let page = browser.get(site, "/sign-in").await.expect(200);
    let provider = page.text.find("Continue with Acme Login").unwrap();
    assert!(provider < page.text.find("name=\"email\"").unwrap());
    assert!(page.text.contains("Emergency access") && !page.text.contains("/auth/handoff"));
    let told = browser
        .sign_in(site, &world.ada.email, crate::support::PASSWORD, "/")
        .await;
    let told = told.expect(422);
    assert!(
        told.text
            .contains("lets people in through its own sign-in only."),
        "{}",
        told.text
    );
    assert!(!site.is_in(&browser.cookies(site)).await);
    let wrong = browser
        .sign_in(site, &world.ada.email, "wrong but long enough", "/")
        .await;
    assert!(
        wrong
            .expect(422)
            .text
            .contains("E-mail or password is wrong.")
    );
}
