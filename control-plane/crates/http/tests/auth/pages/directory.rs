use actix_web::test::TestRequest;

use super::{between, leads_to, open, submit};
use crate::support::{Site, one_tenant};

const PATH: &str = "/admin/security/directory";

async fn scim(site: &Site, token: &str) -> u16 {
    let request = TestRequest::get()
        .uri("/scim/v2/Users")
        .insert_header(("authorization", format!("Bearer {token}")));
    site.send(request).await.status.as_u16()
}

#[actix_web::test]
async fn a_directory_token_is_made_shown_once_and_revoked() {
    let (_stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let empty = open(&site, PATH, &cookie).await;
    assert!(empty.text.contains("No directory is connected."));
    assert!(empty.text.contains("/scim/v2</code>"));
    let tokens = format!("{PATH}/tokens");
    let nameless = submit(&site, &tokens, &cookie, &[("days", "90")]).await;
    assert!(nameless.expect(422).text.contains("Enter a name."));
    let endless = submit(
        &site,
        &tokens,
        &cookie,
        &[("name", "Dir"), ("days", "9999")],
    )
    .await;
    assert!(endless.expect(422).text.contains("Choose how long"));
    let made = submit(&site, &tokens, &cookie, &[("name", "Dir"), ("days", "0")]).await;
    let made = made.expect(200);
    let token = between(&made.text, "aria-labelledby=\"secret-1\">", "<");
    assert_eq!(scim(&site, &token).await, 200);
    let page = open(&site, PATH, &cookie).await;
    assert!(!page.text.contains(&token), "a token is shown once");
    let revoke = between(&page.text, "<td><a href=\"", "\"");
    open(&site, &revoke, &cookie).await;
    let gone = submit(&site, &revoke, &cookie, &[]).await;
    leads_to(&gone, "/admin/security/directory?done=revoked");
    assert_eq!(scim(&site, &token).await, 401);
    site.get(&revoke, &cookie).await.expect(404);
}

#[actix_web::test]
async fn groups_of_the_directory_give_roles() {
    let (stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let group = "INSERT INTO scim_groups (id, tenant_id, display_name, revision, created_at, \
                 updated_at) SELECT UUID_TO_BIN_LIKE, id, 'Planners', 1, NOW(6), NOW(6) FROM tenants";
    let id = uuid::Uuid::now_v7();
    let group = group.replace("UUID_TO_BIN_LIKE", "?");
    stage.execute(&group, [id.into()]).await;
    let page = open(&site, PATH, &cookie).await;
    assert!(page.text.contains("Planners") && page.text.contains("0 members"));
    let path = format!("{PATH}/groups/{id}");
    let both = [("role", "architect"), ("external", "yes")];
    let both = submit(&site, &path, &cookie, &both).await.expect(422);
    assert!(
        both.text
            .contains("An external member may not be an architect.")
    );
    let saved = submit(
        &site,
        &path,
        &cookie,
        &[("role", "builder"), ("external", "no")],
    )
    .await;
    leads_to(&saved, "/admin/security/directory?done=mapped");
    let page = open(&site, PATH, &cookie).await;
    assert!(page.text.contains("value=\"builder\" selected"));
}
