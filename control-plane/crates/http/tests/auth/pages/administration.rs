use kernel::Role;

use super::{between, leads_to, open, refuses_foreign, send, submit};
use crate::support::one_tenant;

const PAGES: [&str; 11] = [
    "/admin/security",
    "/admin/security/connections",
    "/admin/security/connections/new",
    "/admin/security/domains",
    "/admin/security/enforcement",
    "/admin/security/rules",
    "/admin/security/access-policy",
    "/admin/security/directory",
    "/admin/security/directory/tokens/new",
    "/admin/security/support-access",
    "/admin/security/connections/01890000-0000-7000-8000-000000000000",
];

const WRITES: [&str; 9] = [
    "/admin/security/connections",
    "/admin/security/domains",
    "/admin/security/enforcement",
    "/admin/security/enforcement/owners",
    "/admin/security/rules",
    "/admin/security/access-policy",
    "/admin/security/directory/tokens",
    "/admin/security/support-access/01890000-0000-7000-8000-000000000000/grant",
    "/admin/security/connections/01890000-0000-7000-8000-000000000000/delete",
];

#[actix_web::test]
async fn the_pages_exist_for_architects_only() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let hers = site.sign_in(&ada).await;
    for path in &PAGES[..10] {
        let page = open(&site, path, &hers).await;
        assert!(
            page.text.contains("aria-current=\"page\">Administration"),
            "{path}"
        );
    }
    site.get(PAGES[10], &hers).await.expect(404);
    for (name, role, external) in [("bob", Role::Builder, false), ("eve", Role::User, true)] {
        let member = stage.member_of(&tenant, name, role, external).await;
        let cookie = site.sign_in(&member).await;
        for path in PAGES {
            let page = site.get(path, &cookie).await.expect(404);
            assert!(page.text.contains("Page not found"), "{path}");
        }
        for path in WRITES {
            let fields = [
                ("name", "x"),
                ("domain", "acme.example"),
                ("enforced", "no"),
            ];
            submit(&site, path, &cookie, &fields).await.expect(404);
        }
    }
    for path in PAGES {
        let led = site.get(path, "").await;
        assert!(
            led.header("location").unwrap().starts_with("/sign-in?"),
            "{path}"
        );
    }
    for path in WRITES {
        refuses_foreign(&site, path, &hers).await;
    }
    assert_eq!(stage.count("SELECT COUNT(*) FROM tenant_security").await, 0);
}

#[actix_web::test]
async fn rules_are_saved_and_what_is_wrong_comes_back() {
    let (stage, tenant, site, ada) = one_tenant().await;
    stage.member(&tenant, "bob", Role::User).await;
    let cookie = site.sign_in(&ada).await;
    let path = "/admin/security/rules";
    let page = open(&site, path, &cookie).await;
    assert!(
        page.text.contains("2 of 2 members have none"),
        "{}",
        page.text
    );
    let revision = between(&page.text, "name=\"revision\" value=\"", "\"");
    for (name, value, fault) in [
        ("idle", "4", "Enter whole minutes"),
        ("absolute", "soon", "Enter whole minutes"),
        ("colour", "red", "A colour is written as #rrggbb."),
    ] {
        let fields = [
            ("revision", revision.as_str()),
            ("contact", "Desk"),
            (name, value),
        ];
        let again = submit(&site, path, &cookie, &fields).await.expect(422);
        assert!(again.text.contains(fault), "{name}: {}", again.text);
        assert!(again.text.contains(&format!("href=\"#{name}\"")));
        assert!(again.text.contains("value=\"Desk\""));
    }
    let fields = [
        ("revision", revision.as_str()),
        ("second_factor", "on"),
        ("idle", "30"),
        ("absolute", "480"),
        ("contact", "Help desk, room 4"),
        ("colour", "#663399"),
    ];
    let saved = submit(&site, path, &cookie, &fields).await;
    leads_to(&saved, "/admin/security/rules?done=saved");
    let page = open(&site, path, &cookie).await;
    for kept in [
        "checked",
        "value=\"30\"",
        "value=\"480\"",
        "room 4",
        "#663399",
    ] {
        assert!(page.text.contains(kept), "{kept}");
    }
    // Who has an old form in front of them is told.
    let late = submit(&site, path, &cookie, &fields).await.expect(422);
    assert!(
        late.text
            .contains("Somebody else has changed this meanwhile.")
    );
    let overview = open(&site, "/admin/security", &cookie).await;
    assert!(overview.text.contains("Second factor required"));
    assert_eq!(
        stage
            .count("SELECT COUNT(*) FROM audit_log WHERE action = 'security.change'")
            .await,
        1
    );
}

#[actix_web::test]
async fn a_body_that_is_no_form_is_refused_with_a_page() {
    let (_stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let long = "x".repeat(64 * 1024);
    let page = send(
        &site,
        "/admin/security/domains",
        &cookie,
        &[("domain", &long)],
    )
    .await;
    assert!(page.status.is_client_error());
    assert!(page.text.contains("<h1>") && page.text.contains("Reference:"));
}
