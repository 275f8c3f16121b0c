use testkit::mailbox;

use super::{leads_to, open, refuses_foreign, submit};
use crate::support::{PASSWORD, cookie_of, one_tenant};

const NEW_PASSWORD: &str = "amber lantern crosses rivers";

#[actix_web::test]
async fn the_overview_says_how_everything_stands() {
    let (_stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let page = open(&site, "/security", &cookie).await;
    for text in [
        ada.email.as_str(),
        "No tokens.",
        "No secrets.",
        "This one only.",
        "No passkeys.",
        "href=\"/admin/security\"",
        "action=\"/auth/sign-out\"",
    ] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    let nothing = site.get("/security/nothing", &cookie).await.expect(404);
    assert!(nothing.text.contains("Page not found"));
    let post = submit(&site, "/security", &cookie, &[]).await;
    assert!(post.status.is_client_error());
}

#[actix_web::test]
async fn a_password_is_changed_and_ends_the_other_sessions() {
    let (_stage, _, site, ada) = one_tenant().await;
    let (here, there) = (site.sign_in(&ada).await, site.sign_in(&ada).await);
    let path = "/security/password";
    let page = open(&site, path, &here).await;
    assert!(page.text.contains("autocomplete=\"new-password\""));
    for (current, new, fault) in [
        ("wrong", NEW_PASSWORD, "This is not your present password."),
        (PASSWORD, "short", "A password has at least 15 characters."),
    ] {
        let fields = [("current", current), ("password", new)];
        let again = submit(&site, path, &here, &fields).await.expect(422);
        assert!(again.text.contains(fault), "{}", again.text);
        assert!(!again.text.contains(new), "a password is never given back");
    }
    refuses_foreign(&site, path, &here).await;
    let fields = [("current", PASSWORD), ("password", NEW_PASSWORD)];
    let changed = submit(&site, path, &here, &fields).await;
    leads_to(&changed, "/security?done=password");
    let after = cookie_of(&changed, "trellis");
    assert!(site.is_in(&after).await);
    assert!(!site.is_in(&there).await && !site.is_in(&here).await);
    let told = open(&site, "/security?done=password", &after).await;
    assert!(told.text.contains("Your password is changed."));
    site.try_sign_in(&ada.email, NEW_PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn an_address_is_asked_to_confirm_before_it_changes() {
    let (stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let path = "/security/email";
    let page = open(&site, path, &cookie).await;
    assert!(page.text.contains(&ada.email));
    for (typed, fault) in [
        ("nonsense", "Enter an e-mail address"),
        (ada.email.as_str(), "This is your present address."),
    ] {
        let again = submit(&site, path, &cookie, &[("email", typed)]).await;
        let again = again.expect(422);
        assert!(again.text.contains(fault), "{}", again.text);
        assert!(again.text.contains(&format!("value=\"{typed}\"")));
    }
    refuses_foreign(&site, path, &cookie).await;
    let new = mailbox().new_address("ada");
    let asked = submit(&site, path, &cookie, &[("email", &new)]).await;
    leads_to(&asked, "/security?done=email");
    let waiting = "SELECT COUNT(*) FROM email_changes WHERE used_at IS NULL";
    assert_eq!(stage.count(waiting).await, 1);
    let page = open(&site, "/security?done=email", &cookie).await;
    assert!(page.text.contains(&ada.email) && page.text.contains("A link was sent"));
}
