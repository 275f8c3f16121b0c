use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Enrolled, PASSWORD, Site, code_at, cookie_of, one_tenant};

const CONFIRM: &str = "/auth/v1/confirm-identity";

async fn token(site: &Site, cookie: &str, expires_at: &str) -> u16 {
    let body = json!({ "name": "ci", "scopes": ["work_items:read"], "expires_at": expires_at });
    let answer = site.post("/auth/v1/tokens", cookie, &body).await;
    answer.status.as_u16()
}

#[actix_web::test]
async fn a_proof_counts_for_ten_minutes_and_the_cookie_changes() {
    let (stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let end = (stage.now() + TimeDelta::days(7)).to_rfc3339();
    assert_eq!(token(&site, &cookie, &end).await, 201);
    stage.clock.advance(TimeDelta::minutes(10));
    assert_eq!(token(&site, &cookie, &end).await, 201);
    stage.clock.advance(TimeDelta::seconds(1));
    assert_eq!(token(&site, &cookie, &end).await, 403);
    let wrong = json!({ "password": "wrong" });
    site.post(CONFIRM, &cookie, &wrong).await.expect(401);
    assert_eq!(token(&site, &cookie, &end).await, 403);
    let right = json!({ "password": PASSWORD });
    let confirmed = site.post(CONFIRM, &cookie, &right).await.expect(204);
    let after = cookie_of(&confirmed, "trellis");
    assert_ne!(after, cookie);
    assert!(!site.is_in(&cookie).await);
    assert_eq!(token(&site, &after, &end).await, 201);
}

#[actix_web::test]
async fn who_has_a_second_factor_confirms_with_it() {
    let (stage, _, site, ada) = one_tenant().await;
    let enrolled = Enrolled::totp(&stage, &site, &ada).await;
    let cookie = enrolled.cookie.as_str();
    let methods = site.get(CONFIRM, cookie).await.expect(200).json();
    assert_eq!(
        methods,
        json!({ "password": false, "factors": ["totp"], "connection": Value::Null })
    );
    let password = json!({ "password": PASSWORD });
    site.post(CONFIRM, cookie, &password).await.expect(422);
    let code = code_at(&stage, &enrolled.secret, 0);
    let both = json!({ "password": PASSWORD, "code": code });
    site.post(CONFIRM, cookie, &both).await.expect(422);
    site.post(CONFIRM, cookie, &json!({})).await.expect(422);
    let given = json!({ "code": code });
    let confirmed = site.post(CONFIRM, cookie, &given).await.expect(204);
    // The code is used up for signing in too.
    let pending = site.half_in(&ada).await;
    site.give_code(&pending, &code).await.expect(401);
    let after = cookie_of(&confirmed, "trellis");
    let recovery = json!({ "recovery_code": enrolled.codes[0] });
    site.post(CONFIRM, &after, &recovery).await.expect(204);
    site.post(CONFIRM, &pending, &recovery).await.expect(401);
}

#[actix_web::test]
async fn a_proof_does_not_lengthen_a_session() {
    let (stage, _, site, ada) = one_tenant().await;
    let mut cookie = site.sign_in(&ada).await;
    let end = stage.now() + TimeDelta::hours(14 * 24);
    for _ in 0..13 {
        stage.clock.advance(TimeDelta::days(1));
        let right = json!({ "password": PASSWORD });
        let confirmed = site.post(CONFIRM, &cookie, &right).await.expect(204);
        cookie = cookie_of(&confirmed, "trellis");
    }
    assert!(site.is_in(&cookie).await);
    let sessions = site.get("/auth/v1/sessions", &cookie).await.json();
    assert_eq!(sessions["data"].as_array().unwrap().len(), 1);
    stage.clock.advance(end - stage.now());
    assert!(!site.is_in(&cookie).await);
}
