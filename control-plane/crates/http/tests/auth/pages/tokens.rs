use kernel::Role;

use super::{between, leads_to, open, refuses_foreign, submit};
use crate::support::one_tenant;

#[actix_web::test]
async fn a_token_is_made_shown_once_and_revoked() {
    let (_stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let empty = open(&site, "/security/tokens", &cookie).await;
    assert!(empty.text.contains("You have no tokens."));
    let form = open(&site, "/security/tokens/new", &cookie).await;
    assert!(form.text.contains("Administer the tenant"));

    let fields = [
        ("name", " Nightly <export> "),
        ("scopes", "work_items:read"),
        ("scopes", "members:read"),
        ("days", "30"),
    ];
    let made = submit(&site, "/security/tokens", &cookie, &fields).await;
    let made = made.expect(200);
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let token = between(&made.text, "aria-labelledby=\"secret-1\">", "<");
    assert!(token.starts_with("trl_"), "{token}");
    site.get_with_token("/auth/v1/session", &token)
        .await
        .expect(200);

    let page = open(&site, "/security/tokens", &cookie).await;
    assert!(!page.text.contains(&token), "a token is shown once");
    assert!(page.text.contains("Nightly &#60;export&#62;"));
    assert!(page.text.contains("work_items:read, members:read"));
    let revoke = between(&page.text, "<td><a href=\"", "\"");
    let asked = open(&site, &revoke, &cookie).await;
    assert!(asked.text.contains("Nightly &#60;export&#62;"));
    let revoked = submit(&site, &revoke, &cookie, &[]).await;
    leads_to(&revoked, "/security/tokens?done=revoked");
    site.get_with_token("/auth/v1/session", &token)
        .await
        .expect(401);
    submit(&site, &revoke, &cookie, &[]).await.expect(404);
}

#[actix_web::test]
async fn a_form_that_is_not_right_comes_back_with_what_was_typed() {
    let (stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let fields = [("name", "Backup"), ("days", "30")];
    let page = submit(&site, "/security/tokens", &cookie, &fields).await;
    let page = page.expect(422);
    assert!(page.text.contains("<title>Error: New token"));
    assert!(page.text.contains("A token needs at least one scope."));
    assert!(page.text.contains("value=\"Backup\""));
    assert!(page.text.contains("value=\"30\" selected"));
    assert!(page.text.contains("href=\"#scopes\""));
    let long = "n".repeat(101);
    for (name, days, fault) in [
        ("", "30", "Enter a name."),
        (long.as_str(), "30", "at most 100 characters"),
        ("a\tb", "30", "A name is one line."),
        ("Backup", "4000", "Choose how long"),
        ("Backup", "-1", "Choose how long"),
    ] {
        let fields = [("name", name), ("scopes", "admin"), ("days", days)];
        let page = submit(&site, "/security/tokens", &cookie, &fields).await;
        assert!(
            page.clone().expect(422).text.contains(fault),
            "{fault}: {}",
            page.text
        );
    }
    assert_eq!(stage.count("SELECT COUNT(*) FROM access_tokens").await, 0);
}

#[actix_web::test]
async fn who_is_no_architect_is_not_offered_what_only_they_may() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let bob = stage.member(&tenant, "bob", Role::User).await;
    let his = site.sign_in(&bob).await;
    let form = open(&site, "/security/tokens/new", &his).await;
    assert!(!form.text.contains("Administer the tenant"));
    assert!(!form.text.contains("/admin/security"));
    let hers = site.sign_in(&ada).await;
    let fields = [("name", "Hers"), ("scopes", "admin"), ("days", "7")];
    submit(&site, "/security/tokens", &hers, &fields)
        .await
        .expect(200);
    let page = open(&site, "/security/tokens", &hers).await;
    let revoke = between(&page.text, "<td><a href=\"", "\"");
    site.get(&revoke, &his).await.expect(404);
    submit(&site, &revoke, &his, &[]).await.expect(404);
    refuses_foreign(&site, "/security/tokens", &hers).await;
    refuses_foreign(&site, &revoke, &hers).await;
    assert_eq!(
        stage
            .count("SELECT COUNT(*) FROM access_tokens WHERE revoked_at IS NULL")
            .await,
        1
    );
}
