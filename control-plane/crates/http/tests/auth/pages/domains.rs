use super::{between, leads_to, open, submit};
use crate::sso::scene::Scene;

const PATH: &str = "/admin/security/domains";

#[actix_web::test]
async fn a_domain_is_claimed_proven_and_given_up() {
    let scene = Scene::new().await;
    let (site, cookie) = (&scene.site, scene.site.sign_in(&scene.ada).await);
    for (domain, fault) in [
        ("", "href=\"#domain\""),
        ("not a domain", "href=\"#domain\""),
        ("gmail.com", "href=\"#domain\""),
        ("acme.example", "This domain is claimed already."),
    ] {
        let again = submit(site, PATH, &cookie, &[("domain", domain)]).await;
        let again = again.expect(422);
        assert!(again.text.contains(fault), "{domain}: {}", again.text);
    }
    let claimed = submit(site, PATH, &cookie, &[("domain", "mail.acme.example")]).await;
    leads_to(&claimed, "/admin/security/domains?done=claimed");
    let page = open(site, PATH, &cookie).await;
    let (_, own) = page.text.split_once(">mail.acme.example<").unwrap();
    let record = between(own, "<dt>Name</dt><dd><code>", "<");
    let value = between(own, "<dt>Value</dt><dd><code>", "<");
    let check = between(own, "action=\"", "\"");
    let missing = submit(site, &check, &cookie, &[]).await.expect(422);
    assert!(missing.text.contains("The record was not found."));
    scene.names.set_texts(&record, &[&value]);
    leads_to(
        &submit(site, &check, &cookie, &[]).await,
        "/admin/security/domains?done=verified",
    );
    let remove = check.replace("/check", "/remove");
    let asked = open(site, &remove, &cookie).await;
    assert!(asked.text.contains("Type mail.acme.example to confirm."));
    let untyped = submit(site, &remove, &cookie, &[]).await;
    untyped.expect(422);
    let gone = submit(site, &remove, &cookie, &[("typed", "mail.acme.example")]).await;
    leads_to(&gone, "/admin/security/domains?done=removed");
    site.get(&remove, &cookie).await.expect(404);
    assert_eq!(scene.count("verified_domains").await, 1);
}
