//! The workspaces of a person.

use super::world::World;
use crate::support::{Browser, PASSWORD, Site};

#[actix_web::test]
async fn a_person_sees_where_they_belong_and_nothing_else() {
    let world = World::new().await;
    let hooli = world.stage.tenant("hooli").await;
    let browser = Browser::new();
    let led = browser.get(&world.people, "/accounts").await.expect(303);
    assert_eq!(
        led.header("location"),
        Some("/sign-in?return_to=%2Faccounts")
    );
    let done = world.sign_in_at_home(&browser).await.expect(303);
    assert_eq!(done.header("location"), Some("/accounts"));
    let page = browser.get(&world.people, "/accounts").await.expect(200);
    assert!(
        page.text.contains("Acme Ltd") && page.text.contains("Globex Ltd"),
        "{}",
        page.text
    );
    assert!(!page.text.contains("Hooli"));
    assert!(
        page.text
            .contains("http://globex.trellis.localhost:8080/auth/handoff")
    );
    assert!(page.text.contains("builder") && page.text.contains("architect"));
    assert!(!page.text.contains("role=\"search\""));
    // On a tenant's host the same address leads here.
    let led = browser.get(&world.at_acme, "/accounts").await.expect(303);
    assert_eq!(
        led.header("location"),
        Some("http://id.trellis.localhost:8080/accounts")
    );
    // What is a tenant's has nothing to do with it.
    assert_eq!(
        browser
            .get(&world.people, "/")
            .await
            .expect(303)
            .header("location"),
        Some("/accounts")
    );
    for path in ["/auth/v1/session", "/security", "/auth/handoff"] {
        browser.get(&world.people, path).await.expect(404);
    }
    let at_hooli = Site::of(&world.stage.auth, &hooli).await;
    let nobody = browser.get(&at_hooli, "/auth/handoff").await.expect(303);
    let stranger = nobody
        .header("location")
        .unwrap()
        .replace("http://id.trellis.localhost:8080", "");
    let page = browser.get(&world.people, &stranger).await.expect(404);
    assert!(page.text.contains("Not one of your workspaces"));
    // Whether there is such a workspace is not told.
    let none = stranger.replace("to=hooli", "to=no-such");
    let other = browser.get(&world.people, &none).await.expect(404);
    assert!(other.text.contains("Not one of your workspaces"));
}

#[actix_web::test]
async fn many_workspaces_can_be_searched() {
    let world = World::new().await;
    for number in 0..6 {
        let tenant = world.stage.tenant(&format!("other{number}")).await;
        world.join(&tenant, &world.ada.email).await;
    }
    let browser = Browser::new();
    world.sign_in_at_home(&browser).await.expect(303);
    let page = browser.get(&world.people, "/accounts").await.expect(200);
    assert!(page.text.contains("role=\"search\""));
    let found = browser
        .get(&world.people, "/accounts?q=GLOB")
        .await
        .expect(200);
    assert!(found.text.contains("Globex Ltd") && !found.text.contains("Other3 Ltd"));
    let none = browser
        .get(&world.people, "/accounts?q=%3Cscript%3E")
        .await
        .expect(200);
    assert!(none.text.contains("None of your workspaces is called so."));
    assert!(!none.text.contains("<script>"));
}

#[actix_web::test]
async fn signing_out_everywhere_ends_everything() {
    let world = World::new().await;
    let (here, there) = (Browser::new(), Browser::new());
    world.sign_in_at_home(&here).await.expect(303);
    world.sign_in_at_home(&there).await.expect(303);
    there
        .sign_in(&world.at_acme, &world.ada.email, PASSWORD, "/")
        .await
        .expect(303);
    there
        .sign_in(&world.at_globex, &world.ada.email, PASSWORD, "/")
        .await
        .expect(303);
    let (acme, globex) = (
        there.cookies(&world.at_acme),
        there.cookies(&world.at_globex),
    );
    assert!(world.at_acme.is_in(&acme).await && world.at_globex.is_in(&globex).await);
    here.post(&world.people, "/accounts/sign-out-everywhere", &[])
        .await
        .expect(403);
    assert!(world.at_acme.is_in(&acme).await);
    let page = here.get(&world.people, "/accounts").await.expect(200);
    let token = crate::support::hidden(&page, "form_token").unwrap();
    let fields = [("form_token", token.as_str())];
    let left = here
        .post(&world.people, "/accounts/sign-out-everywhere", &fields)
        .await
        .expect(303);
    assert_eq!(
        left.header("location"),
        Some("/sign-in?notice=signed-out-everywhere")
    );
    assert!(!world.at_acme.is_in(&acme).await && !world.at_globex.is_in(&globex).await);
    there.get(&world.people, "/accounts").await.expect(303);
    let audited = "SELECT COUNT(*) FROM audit_log WHERE action = 'session.revoke_everywhere'";
    assert_eq!(world.stage.count(audited).await, 1);
}
