//! Connections, as architects administer them.

use actix_web::http::Method;
use chrono::TimeDelta;
use kernel::Role;
use serde_json::{Value, json};
use testkit::TestProvider;

use super::scene::{Scene, user};

const CONNECTIONS: &str = "/auth/v1/security/connections";

#[actix_web::test]
async fn a_connection_is_shown_without_its_secret_and_changed_by_its_revision() {
    let scene = Scene::new().await;
    let cookie = scene.site.sign_in(&scene.ada).await;
    let path = scene.resource();
    let shown = scene.site.get(&path, &cookie).await.expect(200);
    assert_eq!(shown.header("etag"), Some("\"1\""));
    assert!(!shown.text.contains(TestProvider::CLIENT_SECRET));
    let shown = shown.json();
    assert_eq!(shown["has_client_secret"], true);
    let host = "http://acme.trellis.localhost:8080";
    assert_eq!(
        shown["redirect_uri"],
        format!("{host}{}", scene.path("callback"))
    );
    assert_eq!(
        shown["backchannel_logout_uri"],
        format!("{host}{}", scene.path("backchannel-logout"))
    );
    let change = async |tag: &str, body: Value| {
        scene
            .site
            .conditional(Method::PATCH, &path, &cookie, tag, Some(&body))
            .await
    };
    let changed = change("\"1\"", json!({ "name": "New" })).await.expect(200);
    assert_eq!(changed.header("etag"), Some("\"2\""));
    assert_eq!(changed.json()["has_client_secret"], true);
    change("\"1\"", json!({ "name": "Old" })).await.expect(412);
    let request = actix_web::test::TestRequest::patch()
        .uri(&path)
        .insert_header(("cookie", cookie.as_str()));
    scene
        .site
        .send(request.set_json(json!({})))
        .await
        .expect(428);
    let public = change("*", json!({ "client_secret": null }))
        .await
        .expect(200);
    assert_eq!(public.json()["has_client_secret"], false);
    // The secret is in neither database nor audit log in clear.
    let logged = "audit_log WHERE detail LIKE '%a secret%'";
    assert_eq!(scene.count(logged).await, 0);
    assert!(
        scene
            .count("audit_log WHERE action LIKE 'sso.connection.%'")
            .await
            >= 3
    );
    scene
        .site
        .conditional(Method::DELETE, &path, &cookie, "*", None)
        .await
        .expect(204);
    scene.site.get(&path, &cookie).await.expect(404);
    scene.site.get(&scene.path("start"), "").await.expect(404);
}

#[actix_web::test]
async fn what_cannot_be_is_refused() {
    let scene = Scene::new().await;
    let cookie = scene.site.sign_in(&scene.ada).await;
    let base = json!({ "name": "X", "issuer": "https://idp.example", "client_id": "c" });
    let cases = [
        ("name", json!(""), "/name"),
        ("name", Value::Null, "/name"),
        ("issuer", json!("http://idp.example"), "/issuer"),
        ("issuer", json!("https://10.0.0.1"), "/issuer"),
        ("issuer", json!("https://169.254.169.254"), "/issuer"),
        ("issuer", json!("https://[::ffff:10.0.0.1]"), "/issuer"),
        ("issuer", json!("https://idp.example?x=1"), "/issuer"),
        ("issuer", json!("file:///etc/passwd"), "/issuer"),
        ("client_id", json!("\n"), "/client_id"),
        ("algorithms", json!(["none"]), "/algorithms"),
        ("algorithms", json!([]), "/algorithms"),
        ("algorithms", json!(["HS256"]), "/algorithms"),
        ("algorithms", json!(["RS256", "HS256"]), "/algorithms"),
        ("scopes", json!(["a\"b"]), "/scopes"),
        ("default_role", json!("owner"), "/default_role"),
        ("default_role", json!("staff"), "/default_role"),
        (
            "group_roles",
            json!([{ "group": "a", "role": "support" }]),
            "/group_roles/0/role",
        ),
        (
            "group_roles",
            json!([{ "group": "a", "role": "architect", "external": true }]),
            "/group_roles",
        ),
        ("surprise", json!(1), "/surprise"),
    ];
    for (name, value, pointer) in cases {
        let mut body = base.clone();
        body[name] = value.clone();
        let answer = scene
            .site
            .post(CONNECTIONS, &cookie, &body)
            .await
            .expect(422);
        assert_eq!(
            answer.json()["errors"][0]["pointer"],
            pointer,
            "{name}: {value}"
        );
    }
    assert_eq!(scene.count("sso_connections").await, 1);
}

#[actix_web::test]
async fn only_confirmed_architects_of_the_tenant_administer() {
    let scene = Scene::new().await;
    let bob = scene
        .stage
        .member(&scene.tenant, "bob", Role::Builder)
        .await;
    let (_, globex, gil) = scene.other("globex").await;
    let (bobs, gils) = (scene.site.sign_in(&bob).await, globex.sign_in(&gil).await);
    let adas = scene.site.sign_in(&scene.ada).await;
    let path = scene.resource();
    let body = json!({ "name": "X", "issuer": "https://idp.example", "client_id": "c" });
    scene.site.get(CONNECTIONS, &bobs).await.expect(403);
    scene.site.post(CONNECTIONS, &bobs, &body).await.expect(403);
    scene.site.get(CONNECTIONS, "").await.expect(401);
    globex.get(&path, &gils).await.expect(404);
    let listed = globex.get(CONNECTIONS, &gils).await.expect(200).json();
    assert_eq!(listed["data"], json!([]));
    for (method, body) in [(Method::PATCH, Some(&body)), (Method::DELETE, None)] {
        globex
            .conditional(method.clone(), &path, &gils, "*", body)
            .await
            .expect(404);
        scene
            .site
            .conditional(method, &path, &bobs, "*", body)
            .await
            .expect(403);
    }
    scene.stage.clock.advance(TimeDelta::minutes(11));
    for (method, body) in [(Method::PATCH, Some(&body)), (Method::DELETE, None)] {
        let late = scene
            .site
            .conditional(method, &path, &adas, "*", body)
            .await
            .expect(403);
        assert_eq!(late.json()["code"], "step_up_required");
    }
    let late = scene.site.post(CONNECTIONS, &adas, &body).await.expect(403);
    assert_eq!(late.json()["code"], "step_up_required");
}

#[actix_web::test]
async fn a_token_reads_with_the_scope_and_changes_nothing() {
    let scene = Scene::new().await;
    let cookie = scene.site.sign_in(&scene.ada).await;
    let make = async |scope: &str| {
        let order = json!({
            "name": "x", "scopes": [scope],
            "expires_at": scene.stage.now() + TimeDelta::days(1),
        });
        let made = scene
            .site
            .post("/auth/v1/tokens", &cookie, &order)
            .await
            .expect(201)
            .json();
        made["token"].as_str().unwrap().to_owned()
    };
    let (admin, members) = (make("admin").await, make("members:read").await);
    scene
        .site
        .get_with_token(CONNECTIONS, &admin)
        .await
        .expect(200);
    scene
        .site
        .get_with_token(CONNECTIONS, &members)
        .await
        .expect(403);
    let body = json!({ "domain": "x.example" });
    let request = actix_web::test::TestRequest::post()
        .uri("/auth/v1/security/domains")
        .insert_header(("authorization", format!("Bearer {admin}")))
        .set_json(&body);
    let refused = scene.site.send(request).await.expect(403).json();
    assert_eq!(refused["code"], "step_up_required");
}

#[actix_web::test]
async fn another_provider_knows_nobody() {
    let scene = Scene::new().await;
    let (browser, _) = scene.sign_in(&user("s-1", "zoe@acme.example")).await;
    assert_eq!(scene.count("sso_identities").await, 1);
    let second = TestProvider::start(scene.stage.clock.clone()).await;
    scene
        .change(&json!({ "issuer": second.issuer() }))
        .await
        .expect(200);
    assert!(scene.session(&browser).await.is_none());
    assert_eq!(scene.count("sso_identities").await, 0);
}
