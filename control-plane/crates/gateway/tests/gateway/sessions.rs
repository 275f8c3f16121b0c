//! Who asks.

use reqwest::Method;
use serde_json::Value;
use testkit::{Stopwatch, eventually};

use crate::{
    node::GoodNode,
    people,
    world::{SOON, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_to_a_node() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let unknown = "A".repeat(43);
    for (name, value) in [
        ("x-none", String::new()),
        ("cookie", format!("trellis={unknown}")),
        ("cookie", "trellis=short".to_owned()),
        (
            "cookie",
            format!("__Host-trellis={}", world.somebody.cookie),
        ),
        ("authorization", format!("Bearer {}", world.somebody.cookie)),
        ("authorization", "Basic YTpi".to_owned()),
        ("x-trellis-identity", "e30.e30.AAAA".to_owned()),
    ] {
        let response = world
            .anonymous(Method::GET, "/api/v1/x")
            .header(name, &value);
        let response = response.send().await.unwrap();
        assert_eq!(response.status(), 401, "{name}: {value}");
        assert_eq!(
            response.json::<Value>().await.unwrap()["code"],
            "unauthenticated"
        );
    }
    assert_eq!(node.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_good_on_its_own_tenants_host_only() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let globex = people::tenant(world.db.conn(), world.group, "globex").await;
    let other = people::somebody(world.db.conn(), globex).await;
    for _ in 0..3 {
        for (label, cookie, status) in [
            ("acme", &world.somebody.cookie, 200),
            ("globex", &world.somebody.cookie, 401),
            ("globex", &other.cookie, 200),
            ("acme", &other.cookie, 401),
        ] {
            let request = world.at(label, Method::GET, "/api/v1/x");
            let response = request
                .header("cookie", format!("trellis={cookie}"))
                .send()
                .await;
            assert_eq!(response.unwrap().status(), status, "{label}");
        }
        let foreign = world.at("globex", Method::GET, "/api/v1/x");
        let foreign = foreign.header("authorization", format!("Bearer {}", world.somebody.token));
        assert_eq!(foreign.send().await.unwrap().status(), 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_is_refused_at_once() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    assert_eq!(world.get("/api/v1/x").send().await.unwrap().status(), 200);
    let text = "UPDATE sessions SET revoked_at = NOW(6) WHERE id = ?";
    people::execute(world.db.conn(), text, vec![world.somebody.session.into()]).await;
    let watch = Stopwatch::start();
    world
        .directory
        .member_changed(world.somebody.member.into())
        .await;
    eventually(SOON, async || {
        world.get("/api/v1/x").send().await.unwrap().status() == 401
    })
    .await;
    assert!(watch.elapsed().as_millis() <= 500, "{:?}", watch.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_is_for_the_same_origin_only() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let own = "http://acme.trellis.localhost:8080";
    for (method, name, value, status) in [
        (Method::POST, "sec-fetch-site", "same-origin", 200),
        (Method::POST, "sec-fetch-site", "same-site", 403),
        (Method::DELETE, "sec-fetch-site", "cross-site", 403),
        (
            Method::PATCH,
            "origin",
            "http://globex.trellis.localhost:8080",
            403,
        ),
        (Method::PATCH, "origin", own, 200),
        (Method::GET, "sec-fetch-site", "cross-site", 200),
    ] {
        let response = world
            .request(method.clone(), "/api/v1/x")
            .header(name, value);
        let response = response.send().await.unwrap();
        assert_eq!(response.status(), status, "{method} {name}: {value}");
    }
    let token = format!("Bearer {}", world.somebody.token);
    let request = world
        .request(Method::POST, "/api/v1/x")
        .header("authorization", token);
    let response = request
        .header("sec-fetch-site", "cross-site")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
}
