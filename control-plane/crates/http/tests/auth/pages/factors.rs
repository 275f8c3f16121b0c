use chrono::TimeDelta;
use serde_json::json;

use super::{between, leads_to, open, refuses_foreign, submit};
use crate::support::{Enrolled, PASSWORD, Site, SoftPasskey, code_at, cookie_of, one_tenant};

const TWO_STEP: &str = "/security/two-step";
const APP: &str = "/security/two-step/authenticator";

/// The key that the page shows for typing.
fn key(text: &str) -> String {
    between(text, "aria-labelledby=\"by-hand\">", "<").replace(' ', "")
}

#[actix_web::test]
async fn an_app_is_set_up_without_scripts_and_codes_are_shown_once() {
    let (stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let before = open(&site, TWO_STEP, &cookie).await;
    assert!(before.text.contains("You get them with your first"));
    leads_to(&site.get(APP, &cookie).await, TWO_STEP);
    leads_to(&submit(&site, APP, &cookie, &[]).await, APP);
    let page = open(&site, APP, &cookie).await;
    assert!(
        page.text
            .contains("<svg class=\"qr\" role=\"img\" aria-label=")
    );
    let secret = key(&page.text);

    let confirm = format!("{APP}/confirm");
    for wrong in ["", "000000", "abc"] {
        let again = submit(&site, &confirm, &cookie, &[("code", wrong)]).await;
        let again = again.expect(422);
        assert!(
            again.text.contains("<title>Error: Set up"),
            "{}",
            again.text
        );
        assert_eq!(key(&again.text), secret, "the picture stays the same");
    }
    let code = code_at(&stage, &secret, 0);
    let done = submit(&site, &confirm, &cookie, &[("code", &code)]).await;
    let done = done.expect(200);
    assert_eq!(done.text.matches("<li><code>").count(), 10);
    assert_eq!(done.header("cache-control"), Some("no-store"));
    let recovery = between(&done.text, "<li><code>", "<");
    let after = cookie_of(&done, "trellis");
    assert!(
        !site.is_in(&cookie).await,
        "the session goes on with another cookie"
    );

    let page = open(&site, TWO_STEP, &after).await;
    assert!(page.text.contains("10 left") && !page.text.contains(&recovery));
    stage.clock.advance(TimeDelta::seconds(60));
    let pending = site.half_in(&ada).await;
    let path = "/auth/v1/sign-in/recovery-code";
    site.post(path, &pending, &json!({ "code": recovery }))
        .await
        .expect(200);
    let page = open(&site, TWO_STEP, &after).await;
    assert!(page.text.contains("9 left"));
}

#[actix_web::test]
async fn new_codes_void_the_old_ones() {
    let (stage, _, site, ada) = one_tenant().await;
    let enrolled = Enrolled::totp(&stage, &site, &ada).await;
    let path = format!("{TWO_STEP}/recovery-codes");
    let asked = open(&site, &path, &enrolled.cookie).await;
    assert!(asked.text.contains("void"));
    refuses_foreign(&site, &path, &enrolled.cookie).await;
    let made = submit(&site, &path, &enrolled.cookie, &[])
        .await
        .expect(200);
    let code = between(&made.text, "<li><code>", "<");
    let pending = site.half_in(&ada).await;
    let give = async |code: &str| {
        let body = json!({ "code": code });
        let path = "/auth/v1/sign-in/recovery-code";
        site.post(path, &pending, &body).await.status.as_u16()
    };
    assert_eq!(give(&enrolled.codes[0]).await, 401);
    assert_eq!(give(&code).await, 200);
}

#[actix_web::test]
async fn the_last_factor_goes_only_with_a_password_that_stands_alone() {
    let (stage, _, site, ada) = one_tenant().await;
    let enrolled = Enrolled::totp(&stage, &site, &ada).await;
    let cookie = enrolled.cookie.as_str();
    let path = format!("{APP}/remove");
    let asked = open(&site, &path, cookie).await;
    assert!(asked.text.contains("your only second factor"));
    let without = submit(&site, &path, cookie, &[]).await.expect(422);
    assert!(without.text.contains("Enter your password."));
    let wrong = submit(&site, &path, cookie, &[("password", "no")])
        .await
        .expect(422);
    assert!(wrong.text.contains("This is not your password."));
    let required = "INSERT INTO tenant_security (tenant_id, second_factor_required, updated_at) \
                    SELECT id, TRUE, NOW(6) FROM tenants";
    stage.execute(required, []).await;
    let kept = submit(&site, &path, cookie, &[("password", PASSWORD)]).await;
    assert!(kept.expect(422).text.contains("requires a second factor"));
    stage
        .execute(
            "UPDATE tenant_security SET second_factor_required = FALSE",
            [],
        )
        .await;
    let removed = submit(&site, &path, cookie, &[("password", PASSWORD)]).await;
    leads_to(&removed, "/security/two-step?done=removed");
    site.get(&path, cookie).await.expect(404);
}

#[actix_web::test]
async fn passkeys_are_listed_renamed_and_removed() {
    let (_stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let empty = open(&site, "/security/passkeys", &cookie).await;
    assert!(empty.text.contains("You have no passkeys."));
    assert!(
        empty
            .text
            .contains("data-begin=\"/auth/v1/passkeys/start\"")
    );
    let cookie = add_passkey(&site, &cookie).await;
    let page = open(&site, "/security/passkeys?done=added", &cookie).await;
    for news in ["a second factor from now on", "You have 10 recovery codes"] {
        assert!(page.text.contains(news), "{}", page.text);
    }
    let path = between(
        &page.text,
        "class=\"button\" href=\"/security/passkeys",
        "\"",
    );
    let path = format!("/security/passkeys{path}");
    let nameless = submit(&site, &path, &cookie, &[("name", " ")]).await;
    assert!(nameless.expect(422).text.contains("Enter a name."));
    let renamed = submit(&site, &path, &cookie, &[("name", "Key <ring>")]).await;
    leads_to(&renamed, "/security/passkeys?done=renamed");
    let page = open(&site, "/security/passkeys", &cookie).await;
    assert!(page.text.contains("Key &#60;ring&#62;"));
    let remove = format!("{path}/remove");
    refuses_foreign(&site, &remove, &cookie).await;
    let gone = submit(&site, &remove, &cookie, &[("password", PASSWORD)]).await;
    leads_to(&gone, "/security/passkeys?done=removed");
    site.get(&remove, &cookie).await.expect(404);
    submit(&site, &path, &cookie, &[("name", "x")])
        .await
        .expect(404);
}

pub async fn add_passkey(site: &Site, cookie: &str) -> String {
    let mut passkey = SoftPasskey::new(site);
    let added = crate::passkeys::add(site, cookie, &mut passkey).await;
    cookie_of(&added.expect(201), "trellis")
}

#[actix_web::test]
async fn a_passkey_beside_an_app_is_told_of_by_what_there_is() {
    let (stage, _, site, ada) = one_tenant().await;
    let enrolled = Enrolled::totp(&stage, &site, &ada).await;
    let cookie = add_passkey(&site, &enrolled.cookie).await;
    let added = "/security/passkeys?done=added";
    // Nothing is new but the passkey.
    let page = open(&site, added, &cookie).await;
    assert!(page.text.contains("The passkey is added."));
    assert!(!page.text.contains("a second factor from now on"));
    assert!(!page.text.contains("recovery codes"), "{}", page.text);
    stage.execute("DELETE FROM recovery_codes", []).await;
    let page = open(&site, added, &cookie).await;
    assert!(page.text.contains("You have no recovery codes."));
    assert!(!page.text.contains("a second factor from now on"));
}

#[actix_web::test]
async fn a_proof_that_is_old_leads_to_confirmation_and_back() {
    let (stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    stage.clock.advance(TimeDelta::minutes(11));
    for (path, back) in [
        ("/security/email", "/security/email"),
        ("/security/tokens/new", "/security/tokens/new"),
        (
            "/security/client-secrets/new",
            "/security/client-secrets/new",
        ),
        (
            "/admin/security/connections/new",
            "/admin/security/connections/new",
        ),
        (
            "/admin/security/directory/tokens/new",
            "/admin/security/directory/tokens/new",
        ),
    ] {
        let led = site.get(path, &cookie).await;
        let back: String = back.replace('/', "%2F");
        leads_to(&led, &format!("/confirm-identity?return_to={back}"));
    }
    for (path, back) in [
        (APP, "/security/two-step"),
        ("/security/tokens", "/security/tokens"),
        ("/admin/security/rules", "/admin/security/rules"),
        ("/admin/security/domains", "/admin/security/domains"),
        ("/admin/security/enforcement", "/admin/security/enforcement"),
    ] {
        let led = submit(&site, path, &cookie, &[("domain", "acme.example")]).await;
        let back: String = back.replace('/', "%2F");
        leads_to(&led, &format!("/confirm-identity?return_to={back}"));
    }
    assert_eq!(
        stage.count("SELECT COUNT(*) FROM verified_domains").await,
        0
    );
    assert_eq!(stage.count("SELECT COUNT(*) FROM tenant_security").await, 0);
}
