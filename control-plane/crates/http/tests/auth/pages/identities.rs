use super::{between, leads_to, open, submit};
use crate::sso::scene::{Browser, Scene, user};

const PATH: &str = "/security/identities";

#[actix_web::test]
async fn an_account_at_the_provider_is_linked_and_unlinked() {
    let scene = Scene::new().await;
    let mut browser = Browser::with(&scene.site.sign_in(&scene.ada).await);
    let page = open(&scene.site, PATH, &browser.cookies()).await;
    assert!(page.text.contains("Not linked"));
    scene
        .idp
        .set_user(&user("ada-1", "somebody@elsewhere.example"));
    let path = format!("{PATH}/{}/link", scene.connection);
    let sent = submit(&scene.site, &path, &browser.cookies(), &[])
        .await
        .expect(200);
    browser.absorb(&sent);
    let address = between(&sent.text, "href=\"http", "\"");
    let address = format!("http{address}")
        .replace("&#38;", "&")
        .replace("&amp;", "&");
    let back = browser.path_back(&scene, &address);
    let linked = browser.get(&scene.site, &back).await;
    leads_to(&linked, "/security/identities?done=linked");
    let page = open(
        &scene.site,
        "/security/identities?done=linked",
        &browser.cookies(),
    )
    .await;
    assert!(page.text.contains("The account is linked."));
    assert!(!page.text.contains("Not linked"));

    let unlink = format!("{PATH}/{}/unlink", scene.connection);
    let asked = open(&scene.site, &unlink, &browser.cookies()).await;
    assert!(asked.text.contains("Acme Login"));
    let gone = submit(&scene.site, &unlink, &browser.cookies(), &[]).await;
    leads_to(&gone, "/security/identities?done=unlinked");
    scene
        .site
        .get(&unlink, &browser.cookies())
        .await
        .expect(404);
    assert_eq!(scene.count("sso_identities").await, 0);
}
