use actix_web::{http::header::AUTHORIZATION, test::TestRequest};
use chrono::TimeDelta;
use cp_app::sessions::{Credential, PresentedCredential};
use kernel::{Role, Scope};
use serde_json::{Value, json};

use crate::support::{Site, Stage, TestTenant, one_tenant};

fn order(stage: &Stage) -> Value {
    json!({
        "name": "Nightly export",
        "scopes": ["work_items:read", "members:write"],
        "expires_at": stage.now() + TimeDelta::days(30),
    })
}

async fn make(stage: &Stage, site: &Site, cookie: &str) -> (String, String) {
    let made = site
        .post("/auth/v1/tokens", cookie, &order(stage))
        .await
        .expect(201)
        .json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

async fn stands_for(
    stage: &Stage,
    tenant: &TestTenant,
    token: &str,
) -> Option<cp_app::sessions::CachedSession> {
    let presented = PresentedCredential::from_bearer(token)?;
    stage
        .auth
        .directory
        .resolve(tenant.host.tenant_id, &presented)
        .await
        .unwrap()
}

#[actix_web::test]
async fn a_token_is_shown_once_and_stands_for_its_owner() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let (id, token) = make(&stage, &site, &cookie).await;
    assert!(token.starts_with("trl_") && token.len() == 53);

    let found = stands_for(&stage, &tenant, &token).await.unwrap();
    assert_eq!((found.member_id, found.role), (ada.id, Role::Architect));
    assert!(matches!(found.credential, Credential::Token(known) if known.to_string() == id));
    let actor = found.actor();
    assert!(actor.may_use(Scope::WorkItemsRead) && !actor.may_use(Scope::Admin));

    let mut list = site
        .get("/auth/v1/tokens", &cookie)
        .await
        .expect(200)
        .json();
    assert!(!list.to_string().contains(&token[4..]));
    list["data"][0]["id"] = json!("[id]");
    insta::assert_json_snapshot!("own_tokens", list);
    let kept = stage
        .rows("SELECT HEX(token_hash) FROM access_tokens", [])
        .await;
    let kept: String = kept[0].try_get_by_index(0).unwrap();
    assert!(!token.contains(&kept));
}

#[actix_web::test]
async fn a_token_ends_at_once() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let (id, token) = make(&stage, &site, &cookie).await;
    let (_, other) = make(&stage, &site, &cookie).await;
    assert!(stands_for(&stage, &tenant, &token).await.is_some());
    let eve = stage.member(&tenant, "eve", Role::Architect).await;
    let eves = site.sign_in(&eve).await;
    let path = format!("/auth/v1/tokens/{id}");
    site.delete(&path, &eves).await.expect(404);
    assert!(stands_for(&stage, &tenant, &token).await.is_some());
    site.delete(&path, &cookie).await.expect(204);
    assert!(stands_for(&stage, &tenant, &token).await.is_none());
    assert!(stands_for(&stage, &tenant, &other).await.is_some());
    site.delete(&path, &cookie).await.expect(404);
    // By itself as well.
    stage.clock.advance(TimeDelta::days(30));
    assert!(stands_for(&stage, &tenant, &other).await.is_none());
}

#[actix_web::test]
async fn a_truncated_mistyped_or_foreign_token_is_nobodys() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let globex = stage.tenant("globex").await;
    let cookie = site.sign_in(&ada).await;
    let (_, token) = make(&stage, &site, &cookie).await;
    for wrong in [&token[..52], &token[4..], "trl_", "", &token.to_lowercase()] {
        assert!(
            stands_for(&stage, &tenant, wrong).await.is_none(),
            "{wrong}"
        );
    }
    let longer = format!("{token}0");
    assert!(stands_for(&stage, &tenant, &longer).await.is_none());
    assert!(stands_for(&stage, &globex, &token).await.is_none());
}

#[actix_web::test]
async fn a_token_cannot_look_after_its_owners_credentials() {
    let (stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let (_, token) = make(&stage, &site, &cookie).await;
    let refused = site
        .get_with_token("/auth/v1/tokens", &token)
        .await
        .expect(401);
    insta::assert_json_snapshot!("token_is_no_session", refused.json());
    site.get_with_token("/auth/v1/sessions", &token)
        .await
        .expect(401);
    let more = TestRequest::post()
        .uri("/auth/v1/tokens")
        .insert_header((AUTHORIZATION, format!("Bearer {token}")))
        .set_json(order(&stage));
    site.send(more).await.expect(401);
    assert_eq!(stage.count("SELECT COUNT(*) FROM access_tokens").await, 1);
}

#[actix_web::test]
async fn a_token_needs_a_name_a_scope_and_an_end() {
    let (stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let with = |field: &str, value: Value| {
        let mut body = order(&stage);
        body[field] = value;
        body
    };
    let cases = [
        ("no_scopes", with("scopes", json!([]))),
        ("unknown_scope", with("scopes", json!(["everything"]))),
        ("past_end", with("expires_at", json!(stage.now()))),
        (
            "far_end",
            with("expires_at", json!(stage.now() + TimeDelta::days(400))),
        ),
        ("blank_name", with("name", json!("  "))),
        ("no_date", with("expires_at", json!("tomorrow"))),
    ];
    for (name, body) in cases {
        let answer = site
            .post("/auth/v1/tokens", &cookie, &body)
            .await
            .expect(422);
        insta::assert_json_snapshot!(format!("token_{name}"), answer.json());
    }
    assert_eq!(stage.count("SELECT COUNT(*) FROM access_tokens").await, 0);
}
