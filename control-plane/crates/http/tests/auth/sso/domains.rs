//! Mail domains: proven by who runs them, by one tenant only.

use actix_web::http::Method;
use chrono::TimeDelta;
use kernel::Role;
use serde_json::{Value, json};

use super::scene::{Scene, verify_domain};

const DOMAINS: &str = "/auth/v1/security/domains";

#[actix_web::test]
async fn a_domain_is_proven_by_its_record() {
    let scene = Scene::new().await;
    let cookie = scene.site.sign_in(&scene.ada).await;
    let body = json!({ "domain": " Mail.Acme.Example. " });
    let claim = scene
        .site
        .post(DOMAINS, &cookie, &body)
        .await
        .expect(201)
        .json();
    assert_eq!(claim["domain"], "mail.acme.example");
    assert_eq!(claim["record_name"], "_trellis-challenge.mail.acme.example");
    assert_eq!(claim["verified_at"], Value::Null);
    let check = format!("{DOMAINS}/{}/check", claim["id"].as_str().unwrap());
    let check = async || scene.site.post(&check, &cookie, &json!({})).await;
    check().await.expect(422);
    let record = claim["record_name"].as_str().unwrap();
    let value = claim["record_value"].as_str().unwrap();
    for wrong in [
        "trellis-verification=",
        "x",
        &value[..value.len() - 1],
        &format!("{value}x"),
    ] {
        scene.names.set_texts(record, &[wrong]);
        check().await.expect(422);
    }
    scene.names.set_texts(record, &["v=spf1", value]);
    let proven = check().await.expect(200).json();
    assert_ne!(proven["verified_at"], Value::Null);
    scene.site.post(DOMAINS, &cookie, &body).await.expect(409);
    let listed = scene.site.get(DOMAINS, &cookie).await.expect(200).json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    assert_eq!(
        scene
            .count("audit_log WHERE action = 'sso.domain.verify'")
            .await,
        2
    );
}

#[actix_web::test]
async fn a_domain_belongs_to_one_tenant() {
    let scene = Scene::new().await;
    let (_, globex, gil) = scene.other("globex").await;
    let gils = globex.sign_in(&gil).await;
    // Claiming is free, and says nothing of others.
    let body = json!({ "domain": "acme.example" });
    let claim = globex.post(DOMAINS, &gils, &body).await.expect(201).json();
    let record = claim["record_name"].as_str().unwrap();
    scene
        .names
        .set_texts(record, &[claim["record_value"].as_str().unwrap()]);
    let path = format!("{DOMAINS}/{}", claim["id"].as_str().unwrap());
    globex
        .post(&format!("{path}/check"), &gils, &json!({}))
        .await
        .expect(409);
    // What is the other's is not to be seen or touched from here.
    let adas = scene.site.sign_in(&scene.ada).await;
    scene.site.delete(&path, &adas).await.expect(404);
    scene
        .site
        .post(&format!("{path}/check"), &adas, &json!({}))
        .await
        .expect(404);
    // Given up, it is free.
    let own = scene.site.get(DOMAINS, &adas).await.json();
    let own = format!("{DOMAINS}/{}", own["data"][0]["id"].as_str().unwrap());
    scene.site.delete(&own, &adas).await.expect(204);
    globex
        .post(&format!("{path}/check"), &gils, &json!({}))
        .await
        .expect(200);
}

#[actix_web::test]
async fn nobody_claims_what_is_everybodys() {
    let scene = Scene::new().await;
    let cookie = scene.site.sign_in(&scene.ada).await;
    for domain in [
        "gmail.com",
        "GMX.de",
        "yahoo.co.uk",
        "localhost",
        "10.0.0.1",
        "a@b.example",
        "*.example.org",
        "",
    ] {
        let body = json!({ "domain": domain });
        let answer = scene.site.post(DOMAINS, &cookie, &body).await.expect(422);
        assert_eq!(answer.json()["errors"][0]["pointer"], "/domain", "{domain}");
    }
}

#[actix_web::test]
async fn only_architects_who_are_confirmed_claim() {
    let scene = Scene::new().await;
    let bob = scene
        .stage
        .member(&scene.tenant, "bob", Role::Builder)
        .await;
    let (bobs, adas) = (
        scene.site.sign_in(&bob).await,
        scene.site.sign_in(&scene.ada).await,
    );
    let body = json!({ "domain": "bob.example" });
    scene.site.post(DOMAINS, &bobs, &body).await.expect(403);
    scene.site.get(DOMAINS, &bobs).await.expect(403);
    scene.site.get(DOMAINS, "").await.expect(401);
    scene.stage.clock.advance(TimeDelta::minutes(11));
    let late = scene
        .site
        .post(DOMAINS, &adas, &body)
        .await
        .expect(403)
        .json();
    assert_eq!(late["code"], "step_up_required");
    scene.site.get(DOMAINS, &adas).await.expect(200);
    let _ = (Method::GET, verify_domain);
}
