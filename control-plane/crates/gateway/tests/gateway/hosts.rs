//! Which tenant a request is for, and who answers it.

use reqwest::Method;
use serde_json::Value;
use testkit::eventually;

use crate::{
    node::GoodNode,
    people,
    world::{BASE, SOON, World},
};

async fn code(request: reqwest::RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let problem: Value = response.json().await.unwrap();
    assert_ne!(problem["request_id"], "");
    (status, problem["code"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_nobodys_is_unknown() {
    let world = World::with(&[]).await;
    for label in ["nobody", "a.acme"] {
        let answer = code(world.at(label, Method::GET, "/api/v1/x")).await;
        assert_eq!(answer, (404, "unknown_tenant".to_owned()), "{label}");
    }
    for host in [BASE, "127.0.0.1", "acme.example", "acme"] {
        let request = world.anonymous(Method::GET, "/auth/v1/session");
        let request = request.build().unwrap();
        let mut request = request;
        request.headers_mut().insert("host", host.parse().unwrap());
        let response = world.client.execute(request).await.unwrap();
        assert_eq!(response.status(), 404, "{host}");
    }
    // One that was asked for in vain is there as soon as it is made.
    people::tenant(world.db.conn(), world.group, "nobody").await;
    eventually(SOON, async || {
        let answer = world
            .at("nobody", Method::GET, "/api/v1/x")
            .send()
            .await
            .unwrap();
        answer.status() == 401
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_answered_whatever_the_host() {
    let world = World::with(&[]).await;
    for path in ["/livez", "/readyz", "/metrics"] {
        let url = format!("http://{}{path}", world.address);
        assert_eq!(
            world.client.get(url).send().await.unwrap().status(),
            200,
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_planes_paths_are_answered_here_with_the_tenant_and_the_member() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let anonymous = world
        .at("ACME", Method::GET, "/auth/v1/session")
        .send()
        .await
        .unwrap();
    let answer: Value = anonymous.json().await.unwrap();
    assert_eq!(answer["slug"], "acme");
    assert!(answer["member"].is_null());
    let answer: Value = world
        .get("/auth/v1/session")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["member"], world.somebody.member.to_string());
    let unknown = code(world.get("/auth/v1/nothing")).await;
    assert_eq!(unknown, (404, "unknown_route".to_owned()));

    let write = world
        .request(Method::POST, "/api/v1/members")
        .send()
        .await
        .unwrap();
    assert_eq!(write.json::<Value>().await.unwrap()["in_process"], true);
    assert_eq!(node.requests(), 0);
    world.get("/api/v1/members").send().await.unwrap();
    assert_eq!(node.requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn states_of_a_tenant_are_seen_as_they_change() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    assert_eq!(world.get("/api/v1/x").send().await.unwrap().status(), 200);
    for (state, status, expected) in [
        ("suspended", 403, "tenant_suspended"),
        ("provisioning", 503, "unavailable"),
        ("deleted", 404, "unknown_tenant"),
    ] {
        people::change_tenant(world.db.conn(), world.tenant, &format!("state = '{state}'")).await;
        world.pushes.routes_changed(world.tenant.into()).await;
        eventually(SOON, async || {
            world
                .get("/api/v1/x")
                .send()
                .await
                .unwrap()
                .status()
                .as_u16()
                == status
        })
        .await;
        for path in ["/api/v1/x", "/auth/v1/session"] {
            assert_eq!(code(world.get(path)).await, (status, expected.to_owned()));
        }
    }
    // Nobody tells of this one.
    people::change_tenant(world.db.conn(), world.tenant, "state = 'active'").await;
    eventually(SOON, async || {
        world.get("/api/v1/x").send().await.unwrap().status() == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_of_another_ring_is_not_sent_here() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let group = people::placement_group(world.db.conn(), "early").await;
    let early = people::tenant(world.db.conn(), group, "early").await;
    let somebody = people::somebody(world.db.conn(), early).await;
    let request = world.at("early", Method::GET, "/api/v1/x");
    let request = request.header("cookie", format!("trellis={}", somebody.cookie));
    assert_eq!(code(request).await, (503, "unavailable".to_owned()));
    assert_eq!(node.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_host_takes_the_tenant_from_the_token() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let token = format!("Bearer {}", world.somebody.token);
    for label in ["api", "acme"] {
        let request = world
            .at(label, Method::GET, "/api/v1/x")
            .header("authorization", &token);
        assert_eq!(request.send().await.unwrap().status(), 200, "{label}");
    }
    let cookie = format!("trellis={}", world.somebody.cookie);
    let request = world
        .at("api", Method::GET, "/api/v1/x")
        .header("cookie", cookie);
    assert_eq!(code(request).await, (401, "unauthenticated".to_owned()));
    let cut = token[..token.len() - 1].to_owned();
    let request = world
        .at("api", Method::GET, "/api/v1/x")
        .header("authorization", cut);
    assert_eq!(code(request).await, (401, "unauthenticated".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_are_served_while_the_central_database_is_away() {
    let node = GoodNode::start();
    let db_of = testkit::services().mariadb_admin_url.clone();
    let proxy = testkit::Proxy::to(&db_of).await;
    let world = World::behind(&proxy, &[&node.address]).await;
    assert_eq!(world.get("/api/v1/x").send().await.unwrap().status(), 200);
    proxy.close();
    for _ in 0..20 {
        assert_eq!(world.get("/api/v1/x").send().await.unwrap().status(), 200);
    }
    let answer = code(world.at("other", Method::GET, "/api/v1/x")).await;
    assert_eq!(answer, (503, "unavailable".to_owned()));
    proxy.open();
    eventually(SOON, async || {
        world
            .at("other", Method::GET, "/api/v1/x")
            .send()
            .await
            .unwrap()
            .status()
            == 404
    })
    .await;
}
