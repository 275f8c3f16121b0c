use kernel::Role;

use super::{between, leads_to, open, refuses_foreign, submit};
use crate::support::one_tenant;

#[actix_web::test]
async fn one_sees_where_one_is_signed_in_and_ends_it() {
    let (stage, _, site, ada) = one_tenant().await;
    let here = site.sign_in(&ada).await;
    let abroad = "UPDATE sessions SET country = 'FR'";
    stage.execute(abroad, []).await;
    let alone = open(&site, "/security/sessions", &here).await;
    assert!(alone.text.contains("You are signed in nowhere else."));
    assert!(alone.text.contains("127.0.0.1, France"), "{}", alone.text);
    assert!(!alone.text.contains("End all other sessions"));

    let there = site.sign_in(&ada).await;
    let page = open(&site, "/security/sessions", &here).await;
    assert_eq!(page.text.matches("This session").count(), 1);
    assert!(page.text.contains("127.0.0.1"));
    let (_, others) = page
        .text
        .split_once("Sign out</button></form></li>")
        .unwrap();
    let other = between(others, "action=\"", "\"");
    assert!(other.ends_with("/end"), "{other}");
    let ended = submit(&site, &other, &here, &[]).await;
    leads_to(&ended, "/security/sessions?done=ended");
    assert!(!site.is_in(&there).await);
    assert!(site.is_in(&here).await);
    let told = open(&site, "/security/sessions?done=ended", &here).await;
    assert!(told.text.contains("The session has ended."));
    let again = submit(&site, &other, &here, &[]).await;
    leads_to(&again, "/security/sessions?done=ended");
}

#[actix_web::test]
async fn all_others_end_with_one_button_and_ones_own_leads_to_sign_in() {
    let (_stage, _, site, ada) = one_tenant().await;
    let here = site.sign_in(&ada).await;
    let (second, third) = (site.sign_in(&ada).await, site.sign_in(&ada).await);
    let ended = submit(&site, "/security/sessions/end-others", &here, &[]).await;
    leads_to(&ended, "/security/sessions?done=others-ended");
    assert!(!site.is_in(&second).await && !site.is_in(&third).await);
    let page = open(&site, "/security/sessions", &here).await;
    let own = between(&page.text, "action=\"/security/sessions/", "\"");
    let out = submit(&site, &format!("/security/sessions/{own}"), &here, &[]).await;
    leads_to(&out, "/sign-in");
    assert_eq!(out.cookie("trellis").unwrap().value(), "");
    assert!(!site.is_in(&here).await);
}

#[actix_web::test]
async fn nobody_ends_what_is_not_theirs() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let bob = stage.member(&tenant, "bob", Role::User).await;
    let (hers, his) = (site.sign_in(&ada).await, site.sign_in(&bob).await);
    let page = open(&site, "/security/sessions", &hers).await;
    let own = between(&page.text, "action=\"/security/sessions/", "\"");
    let path = format!("/security/sessions/{own}");
    submit(&site, &path, &his, &[]).await.expect(303);
    assert!(
        site.is_in(&hers).await,
        "another member's session was ended"
    );
    refuses_foreign(&site, &path, &hers).await;
    refuses_foreign(&site, "/security/sessions/end-others", &hers).await;
    assert!(site.is_in(&hers).await);
    let nothing = submit(&site, "/security/sessions/nonsense/end", &hers, &[]).await;
    let nothing = nothing.expect(404);
    assert!(nothing.text.contains("Page not found") && nothing.text.contains("Reference:"));
}

#[actix_web::test]
async fn whoever_is_not_signed_in_is_led_to_sign_in_and_back() {
    let (_stage, _, site, _) = one_tenant().await;
    for (path, back) in [
        ("/security", "/sign-in?return_to=%2Fsecurity"),
        (
            "/security/tokens/new",
            "/sign-in?return_to=%2Fsecurity%2Ftokens%2Fnew",
        ),
    ] {
        let answer = site.get(path, "").await;
        leads_to(&answer, back);
    }
    let answer = super::send(&site, "/security/tokens", "", &[]).await;
    leads_to(&answer, "/sign-in?return_to=%2Fsecurity%2Ftokens");
}
