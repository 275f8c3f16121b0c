use std::time::Duration;

use actix_web::{
    http::header::{AUTHORIZATION, CONTENT_TYPE},
    rt::spawn,
    test::TestRequest,
};
use chrono::TimeDelta;
use kernel::Role;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use testkit::eventually;

use crate::{
    directory::World,
    support::{Answer, Site, TestMember},
};

const PATH: &str = "/auth/v1/client-secrets";
const FORM: &str = "application/x-www-form-urlencoded";

/// What a client shows.
#[derive(Clone)]
struct Client {
    id: String,
    secret: String,
}

impl World {
    async fn client(&self, of: &TestMember) -> Client {
        let cookie = self.site.sign_in(of).await;
        let end = self.stage.now() + TimeDelta::days(30);
        let scopes = ["work_items:read", "members:read"];
        let body = json!({ "name": "Nightly", "scopes": scopes, "expires_at": end });
        let made = self
            .site
            .post(PATH, &cookie, &body)
            .await
            .expect(201)
            .json();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Client {
            id: text("client_id"),
            secret: text("client_secret"),
        }
    }
}

impl Client {
    async fn ask(&self, site: &Site, more: &str) -> Answer {
        let Self { id, secret } = self;
        let form = format!("client_id={id}&client_secret={secret}&{more}");
        post(site, None, &form).await
    }

    async fn token(&self, site: &Site) -> Value {
        self.ask(site, "grant_type=client_credentials")
            .await
            .expect(200)
            .json()
    }
}

async fn post(site: &Site, authorization: Option<&str>, form: &str) -> Answer {
    let request = TestRequest::post()
        .uri("/oauth/token")
        .insert_header((CONTENT_TYPE, FORM))
        .set_payload(form.to_owned());
    site.send(match authorization {
        Some(value) => request.insert_header((AUTHORIZATION, value)),
        None => request,
    })
    .await
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_client_gets_a_token_that_stands_for_its_owner() {
    let world = World::new().await;
    let client = world.client(&world.ada).await;
    assert!(client.secret.starts_with("trc_"));
    let answer = client
        .ask(&world.site, "grant_type=client_credentials")
        .await
        .expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&json!("Bearer"), &json!(3600))
    );
    assert_eq!(body["scope"], "work_items:read members:read");
    let token = text(&body["access_token"]);
    let session = world
        .site
        .get_with_token("/auth/v1/session", &token)
        .await
        .expect(200);
    assert_eq!(session.json()["member"]["id"], json!(world.ada.id));
    // For no longer than an hour, and not in the list of personal tokens.
    let cookie = world.site.sign_in(&world.ada).await;
    let personal = world
        .site
        .get("/auth/v1/tokens", &cookie)
        .await
        .expect(200)
        .json();
    assert_eq!(personal["data"], json!([]));
    let listed = world.site.get(PATH, &cookie).await.expect(200).json();
    assert!(listed["data"][0]["last_used_at"].is_string());
    assert!(!listed.to_string().contains(&client.secret[4..]));
    world.stage.clock.advance(TimeDelta::hours(1));
    world
        .site
        .get_with_token("/auth/v1/session", &token)
        .await
        .expect(401);
    let basic = |id: &str, secret: &str| {
        use base64::Engine as _;
        let pair = format!("{id}:{secret}");
        format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(pair))
    };
    let header = basic(&client.id, &client.secret);
    let less = "grant_type=client_credentials&scope=members%3Aread";
    let narrow = post(&world.site, Some(&header), less)
        .await
        .expect(200)
        .json();
    assert_eq!(narrow["scope"], "members:read");
}

#[actix_web::test]
async fn refusals_are_in_the_standards_words() {
    let world = World::new().await;
    let (_, globex, ..) = world.other().await;
    let client = world.client(&world.ada).await;
    let good = "grant_type=client_credentials";
    for (more, status, error) in [
        ("grant_type=password", 400, "unsupported_grant_type"),
        ("", 400, "invalid_request"),
        (
            "grant_type=client_credentials&grant_type=client_credentials",
            400,
            "invalid_request",
        ),
        (
            "grant_type=client_credentials&scope=admin",
            400,
            "invalid_scope",
        ),
        (
            "grant_type=client_credentials&scope=everything",
            400,
            "invalid_scope",
        ),
        (
            "grant_type=client_credentials&client_id=x",
            400,
            "invalid_request",
        ),
    ] {
        let answer = client.ask(&world.site, more).await.expect(status);
        assert_eq!(answer.json()["error"], error, "{more}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let mut other = client.secret.clone().into_bytes();
    other.swap(8, 20);
    for wrong in [
        Client {
            secret: client.secret[..52].to_owned(),
            ..client.clone()
        },
        Client {
            secret: String::from_utf8(other).unwrap(),
            ..client.clone()
        },
        Client {
            secret: world.client(&world.ada).await.secret,
            ..client.clone()
        },
        Client {
            id: uuid::Uuid::now_v7().to_string(),
            ..client.clone()
        },
        Client {
            id: "x".to_owned(),
            ..client.clone()
        },
    ] {
        let answer = wrong.ask(&world.site, good).await.expect(401);
        assert_eq!(answer.json()["error"], "invalid_client");
        assert!(answer.header("www-authenticate").is_some());
    }
    // Another tenant's client is nobody.
    client.ask(&globex, good).await.expect(401);
    assert_eq!(
        world
            .stage
            .count("SELECT COUNT(*) FROM access_tokens")
            .await,
        0
    );
}

#[actix_web::test]
async fn who_may_not_come_in_gets_no_token() {
    let world = World::new().await;
    let bob = world
        .stage
        .member(&world.tenant, "bob", Role::Builder)
        .await;
    let client = world.client(&bob).await;
    let token = text(&client.token(&world.site).await["access_token"]);
    world.directory.set_active(bob.id, false).await.expect(200);
    world
        .site
        .get_with_token("/auth/v1/session", &token)
        .await
        .expect(401);
    client
        .ask(&world.site, "grant_type=client_credentials")
        .await
        .expect(401);
    // Nor when they are back: what was ended is ended.
    world.directory.set_active(bob.id, true).await.expect(200);
    client
        .ask(&world.site, "grant_type=client_credentials")
        .await
        .expect(401);
    world
        .site
        .get_with_token("/auth/v1/session", &token)
        .await
        .expect(401);
}

/// Whoever is disabled has no client left; here the member alone says no, as for a request that
/// found the client a moment before.
#[actix_web::test]
async fn a_disabled_members_client_gets_no_token_though_it_is_there() {
    let world = World::new().await;
    let bob = world
        .stage
        .member(&world.tenant, "bob", Role::Builder)
        .await;
    let client = world.client(&bob).await;
    for (state, status) in [("archived", 401), ("invited", 401), ("active", 200)] {
        let set = "UPDATE memberships SET state = ? WHERE member_id = ?";
        let values = [state.into(), bob.id.as_uuid().into()];
        world.stage.execute(set, values).await;
        let answer = client.ask(&world.site, "grant_type=client_credentials");
        answer.await.expect(status);
    }
}

#[actix_web::test]
async fn a_client_that_ends_while_it_asks_gets_no_token() {
    let world = World::new().await;
    let client = world.client(&world.ada).await;
    let ending = world.stage.auth.central.begin().await.unwrap();
    ending
        .execute_unprepared("UPDATE client_secrets SET revoked_at = NOW(6)")
        .await
        .unwrap();
    let site = world.site.clone();
    let asking = spawn(async move { client.ask(&site, "grant_type=client_credentials").await });
    eventually(Duration::from_secs(10), async || {
        asking.is_finished() || world.stage.central.row_waits().await == 1
    })
    .await;
    ending.commit().await.unwrap();
    asking.await.unwrap().expect(401);
    let tokens = "SELECT COUNT(*) FROM access_tokens WHERE client_id IS NOT NULL";
    assert_eq!(world.stage.count(tokens).await, 0);
}

#[actix_web::test]
async fn a_client_that_ends_takes_its_tokens_along() {
    let world = World::new().await;
    let client = world.client(&world.ada).await;
    let other = world.client(&world.ada).await;
    let token = text(&client.token(&world.site).await["access_token"]);
    let stays = text(&other.token(&world.site).await["access_token"]);
    let cookie = world.site.sign_in(&world.ada).await;
    let bob = world
        .stage
        .member(&world.tenant, "bob", Role::Architect)
        .await;
    let bobs = world.site.sign_in(&bob).await;
    let path = format!("{PATH}/{}", client.id);
    world.site.delete(&path, &bobs).await.expect(404);
    world.site.delete(&path, &cookie).await.expect(204);
    world
        .site
        .get_with_token("/auth/v1/session", &token)
        .await
        .expect(401);
    world
        .site
        .get_with_token("/auth/v1/session", &stays)
        .await
        .expect(200);
    client
        .ask(&world.site, "grant_type=client_credentials")
        .await
        .expect(401);
    world.stage.clock.advance(TimeDelta::days(30));
    other
        .ask(&world.site, "grant_type=client_credentials")
        .await
        .expect(401);
}

#[actix_web::test]
async fn a_client_keeps_its_token() {
    let world = World::new().await;
    let client = world.client(&world.ada).await;
    for _ in 0..100 {
        client.token(&world.site).await;
    }
    let answer = client
        .ask(&world.site, "grant_type=client_credentials")
        .await
        .expect(429);
    assert!(answer.header("retry-after").is_some());
    world.stage.clock.advance(TimeDelta::hours(26));
    client.token(&world.site).await;
    client.token(&world.site).await;
    assert_eq!(
        world
            .stage
            .count("SELECT COUNT(*) FROM access_tokens")
            .await,
        2
    );
}

#[actix_web::test]
async fn the_gateways_keys_are_nobodys_business() {
    let world = World::new().await;
    let sql = "INSERT INTO identity_keys SELECT * FROM identity_keys WHERE FALSE";
    world.stage.execute(sql, []).await;
    let keys = world
        .site
        .get("/.well-known/jwks.json", "")
        .await
        .expect(200);
    assert_eq!(keys.json(), json!({ "keys": [] }));
    let about = world
        .site
        .get("/.well-known/oauth-authorization-server", "")
        .await
        .expect(200);
    insta::assert_json_snapshot!("authorization_server", about.json());
}
