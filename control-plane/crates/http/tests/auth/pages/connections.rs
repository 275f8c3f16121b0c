use chrono::TimeDelta;
use serde_json::json;

use super::{between, leads_to, open, submit};
use crate::{
    sso::scene::{Browser, Scene, user},
    support::{Answer, one_tenant},
};

const PATH: &str = "/admin/security/connections";

#[actix_web::test]
async fn a_connection_is_made_changed_switched_and_deleted() {
    let (stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let empty = open(&site, PATH, &cookie).await;
    assert!(empty.text.contains("There is no connection yet."));
    let blank = submit(&site, PATH, &cookie, &[("client_secret", "kept-quiet")]).await;
    let blank = blank.expect(422);
    for fault in [
        "Enter a name.",
        "Enter the issuer",
        "Enter the client id.",
        "Choose a role.",
    ] {
        assert!(blank.text.contains(fault), "{fault}: {}", blank.text);
    }
    assert!(
        !blank.text.contains("kept-quiet"),
        "a secret is never given back"
    );
    let mut fields = vec![
        ("name", "Acme <Login>"),
        ("issuer", "http://login.acme.example"),
        ("client_id", "trellis"),
        ("client_secret", "kept-quiet"),
        ("secret_ends", "2027-01-31"),
        ("scopes", "openid email"),
        ("algorithms", "RS256"),
        ("algorithms", "ES256"),
        ("default_role", "builder"),
        ("provisions", "on"),
    ];
    let insecure = submit(&site, PATH, &cookie, &fields).await.expect(422);
    assert!(
        insecure.text.contains("href=\"#issuer\""),
        "{}",
        insecure.text
    );
    fields[1] = ("issuer", "https://login.acme.example");
    let made = submit(&site, PATH, &cookie, &fields).await;
    let made = made.header("location").unwrap().to_owned();
    let path = made.strip_suffix("?done=created").unwrap();
    let page = open(&site, &made, &cookie).await;
    for text in [
        "Acme &#60;Login&#62;",
        "/callback</code>",
        "/backchannel-logout</code>",
        "value=\"2027-01-31\"",
        "There is one. Leave it empty to keep it.",
        "Disabled",
        "value=\"builder\" selected",
    ] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    assert!(!page.text.contains("kept-quiet"));

    let revision = between(&page.text, "name=\"revision\" value=\"", "\"");
    fields.retain(|(name, _)| *name != "client_secret");
    fields[0] = ("name", "Login");
    fields.push(("revision", &revision));
    let saved = submit(&site, path, &cookie, &fields).await;
    leads_to(&saved, &format!("{path}?done=saved"));
    let late = submit(&site, path, &cookie, &fields).await.expect(422);
    assert!(late.text.contains("Somebody else has changed this"));
    let secrets = "SELECT COUNT(*) FROM sso_connections WHERE client_secret IS NOT NULL";
    assert_eq!(
        stage.count(secrets).await,
        1,
        "an empty field keeps the secret"
    );

    let on = submit(
        &site,
        &format!("{path}/state"),
        &cookie,
        &[("state", "enabled")],
    )
    .await;
    leads_to(&on, &format!("{path}?done=enabled"));
    let list = open(&site, PATH, &cookie).await;
    assert!(list.text.contains("Enabled") && list.text.contains("https://login.acme.example"));

    let delete = format!("{path}/delete");
    let asked = open(&site, &delete, &cookie).await;
    assert!(asked.text.contains("Type Login to confirm."));
    let untyped = submit(&site, &delete, &cookie, &[("typed", "login")]).await;
    assert!(untyped.expect(422).text.contains("href=\"#typed\""));
    let gone = submit(&site, &delete, &cookie, &[("typed", "Login")]).await;
    leads_to(&gone, "/admin/security/connections?done=deleted");
    site.get(path, &cookie).await.expect(404);
}

#[actix_web::test]
async fn groups_give_roles() {
    let scene = Scene::new().await;
    let cookie = scene.site.sign_in(&scene.ada).await;
    let path = format!("{PATH}/{}/groups", scene.connection);
    let page = open(&scene.site, &path, &cookie).await;
    assert!(page.text.contains("names no claim that lists groups"));
    let revision = between(&page.text, "name=\"revision\" value=\"", "\"");
    let row = |group, role, external| [("group", group), ("role", role), ("external", external)];
    let rows = |rows: &[[(&'static str, &'static str); 3]]| {
        let mut fields: Vec<(&str, &str)> = rows.concat();
        fields.insert(0, ("revision", revision.as_str()));
        fields
    };
    let twice = rows(&[row("a", "user", "no"), row("a", "builder", "no")]);
    let twice = submit(&scene.site, &path, &cookie, &twice)
        .await
        .expect(422);
    assert!(
        twice.text.contains("Each group must be named once"),
        "{}",
        twice.text
    );
    let guest = rows(&[row("guests", "architect", "yes")]);
    let guest = submit(&scene.site, &path, &cookie, &guest)
        .await
        .expect(422);
    assert!(
        guest
            .text
            .contains("An external member may not be an architect.")
    );
    let good = rows(&[
        row("planners", "builder", "no"),
        row("", "user", "no"),
        row("guests", "user", "yes"),
    ]);
    let saved = submit(&scene.site, &path, &cookie, &good).await;
    leads_to(&saved, &format!("{path}?done=saved"));
    let page = open(&scene.site, &path, &cookie).await;
    assert!(page.text.contains("value=\"planners\"") && page.text.contains("value=\"guests\""));
    assert_eq!(scene.count("sso_group_roles WHERE external").await, 1);
    assert_eq!(
        scene
            .count("sso_connections WHERE provisions AND client_secret IS NOT NULL")
            .await,
        1
    );
}

/// Presses "Test connection" and comes back.
pub async fn test(scene: &Scene, browser: &mut Browser) -> Answer {
    let path = format!("{PATH}/{}/test", scene.connection);
    let sent = submit(&scene.site, &path, &browser.cookies(), &[])
        .await
        .expect(200);
    browser.absorb(&sent);
    let address = between(&sent.text, "href=\"http", "\"");
    let address = format!("http{address}")
        .replace("&#38;", "&")
        .replace("&amp;", "&");
    let back = browser.path_back(scene, &address);
    let answer = browser.get(&scene.site, &back).await.expect(303);
    assert_eq!(answer.header("location"), Some(path.as_str()));
    open(&scene.site, &path, &browser.cookies()).await
}

#[actix_web::test]
async fn a_test_shows_the_claims_that_were_received() {
    let scene = Scene::new().await;
    let mut browser = Browser::with(&scene.site.sign_in(&scene.ada).await);
    let path = format!("{PATH}/{}/test", scene.connection);
    let none = scene.site.get(&path, &browser.cookies()).await;
    leads_to(&none, path.strip_suffix("/test").unwrap());
    let mut somebody = user("s-1", "zoe@acme.example");
    somebody["department"] = json!("<b>R&D</b>");
    scene.idp.set_user(&somebody);
    let page = test(&scene, &mut browser).await;
    assert!(page.text.contains("The connection works."), "{}", page.text);
    for claim in ["zoe@acme.example", "email_verified", "true", "s-1"] {
        assert!(page.text.contains(claim), "{claim}: {}", page.text);
    }
    assert!(!page.text.contains("<b>R"));
    assert_eq!(scene.count("sso_identities").await, 0);

    scene.stage.clock.advance(TimeDelta::seconds(1));
    scene.idp.set_user(&user("s-3", &scene.ada.email));
    let page = test(&scene, &mut browser).await;
    assert!(
        !page.text.contains("less than an architect"),
        "{}",
        page.text
    );
    scene
        .change(&json!({ "group_claim": "groups" }))
        .await
        .expect(200);
    scene.stage.clock.advance(TimeDelta::seconds(1));
    let page = test(&scene, &mut browser).await;
    assert!(
        page.text.contains("less than an architect"),
        "{}",
        page.text
    );

    scene.stage.clock.advance(TimeDelta::seconds(1));
    scene.idp.set_user(&user("s-2", "zoe@elsewhere.example"));
    let page = test(&scene, &mut browser).await;
    assert!(page.text.contains("does not work yet"));
    assert!(page.text.contains("in no verified domain") && page.text.contains("Reference:"));
}

#[actix_web::test]
async fn a_provider_that_is_away_is_a_result_too() {
    let scene = Scene::new().await;
    let cookie = scene.site.sign_in(&scene.ada).await;
    let moved = json!({ "issuer": "http://127.0.0.1:9/" });
    scene.change(&moved).await.expect(200);
    let path = format!("{PATH}/{}/test", scene.connection);
    let page = submit(&scene.site, &path, &cookie, &[]).await.expect(200);
    assert!(page.text.contains("does not work yet"), "{}", page.text);
    assert!(page.text.contains("Reference:"));
}
