use kernel::Role;
use serde_json::json;

use super::{between, leads_to, open, submit};
use crate::sso::scene::{Browser, Scene, user};

const PATH: &str = "/admin/security/enforcement";

#[actix_web::test]
async fn single_sign_on_is_enforced_with_eyes_open() {
    let scene = Scene::new().await;
    let bob = scene.stage.member(&scene.tenant, "bob", Role::User).await;
    let his = scene.site.sign_in(&bob).await;
    let mut browser = Browser::with(&scene.site.sign_in(&scene.ada).await);
    let page = open(&scene.site, PATH, &browser.cookies()).await;
    assert!(
        page.text.contains("Test an enabled connection first"),
        "{}",
        page.text
    );
    assert!(
        !page.text.contains("name=\"typed\""),
        "it cannot be done yet"
    );
    assert!(
        page.text
            .contains("2 of 2 members have not signed in through a connection")
    );

    // The architect comes in through the provider, so that it is certain that they can.
    scene.idp.set_user(&user("ada", &scene.ada.email));
    let test = format!("/auth/v1/security/connections/{}/test", scene.connection);
    let begun = browser
        .post(&scene.site, &test, &json!({}))
        .await
        .expect(200)
        .json();
    let back = browser.path_back(&scene, begun["authorization_url"].as_str().unwrap());
    browser.get(&scene.site, &back).await.expect(303);
    let cookie = browser.cookies();
    let page = open(&scene.site, PATH, &cookie).await;
    assert!(
        page.text.contains("break-glass owners who have a password"),
        "{}",
        page.text
    );

    let revision = between(&page.text, "name=\"revision\" value=\"", "\"");
    let foreign = [
        ("revision", revision.as_str()),
        ("owners", &bob.id.to_string()),
    ];
    let foreign = submit(&scene.site, &format!("{PATH}/owners"), &cookie, &foreign).await;
    assert!(
        foreign
            .expect(422)
            .text
            .contains("Break-glass owners are active architects")
    );
    let owners = [
        ("revision", revision.as_str()),
        ("owners", &scene.ada.id.to_string()),
    ];
    let named = submit(&scene.site, &format!("{PATH}/owners"), &cookie, &owners).await;
    leads_to(&named, "/admin/security/enforcement?done=owners");

    let page = open(&scene.site, PATH, &cookie).await;
    assert!(page.text.contains("Type acme to confirm."), "{}", page.text);
    let revision = between(&page.text, "name=\"revision\" value=\"", "\"");
    let mut fields = vec![
        ("revision", revision.as_str()),
        ("enforced", "yes"),
        ("typed", "Acme"),
    ];
    let untyped = submit(&scene.site, PATH, &cookie, &fields).await;
    untyped.expect(422);
    assert!(scene.site.is_in(&his).await);
    fields[2] = ("typed", "acme");
    let enforced = submit(&scene.site, PATH, &cookie, &fields).await;
    leads_to(&enforced, "/admin/security/enforcement?done=enforced");
    assert!(
        !scene.site.is_in(&his).await,
        "a session that came by password goes on"
    );
}
