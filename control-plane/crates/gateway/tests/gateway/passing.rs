//! What is passed on, and how.

use std::collections::HashSet;

use cp_gateway::GatewaySettings;
use futures_util::StreamExt as _;
use kernel::Traceparent;
use reqwest::{Body, Method};
use serde_json::Value;

use crate::{
    node::GoodNode,
    world::{SOON, Wish, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_sees_the_identity_and_not_the_credential() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let response = world
        .request(Method::POST, "/api/v1/x?a=%20b")
        .header("x-request-id", "my-request")
        .header("x-trellis-identity", "forged")
        .header("x-forwarded-for", "203.0.113.9")
        .header("forwarded", "for=203.0.113.9")
        .header("connection", "x-hop")
        .header("x-hop", "1")
        .body("hello")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["x-request-id"], "my-request");
    assert_eq!(response.headers()["etag"], "\"7\"");
    assert!(!response.headers().contains_key("x-trellis-node"));
    let seen: Value = response.json().await.unwrap();
    assert_eq!(seen["method"], "POST");
    assert_eq!(seen["target"], "/api/v1/x?a=%20b");
    assert_eq!(seen["length"], 5);
    let headers = &seen["headers"];
    let identity = headers["x-trellis-identity"][0].as_str().unwrap();
    assert_eq!(identity.split('.').count(), 3);
    assert_eq!(headers["x-trellis-identity"].as_array().unwrap().len(), 1);
    assert_eq!(headers["x-request-id"][0], "my-request");
    assert_eq!(headers["x-forwarded-for"][0], "127.0.0.1");
    assert_eq!(
        headers["x-forwarded-host"][0],
        "acme.trellis.localhost:8080"
    );
    assert_eq!(headers["content-length"][0], "5");
    for name in ["cookie", "authorization", "forwarded", "x-hop"] {
        assert!(headers.get(name).is_none(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_trace_starts_one_and_another_keeps_its_own() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let mut seen = Vec::new();
    for given in [Some(own), Some("laundry"), None, None] {
        let mut request = world.get("/api/v1/x");
        if let Some(given) = given {
            request = request.header("traceparent", given);
        }
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        let [value] = answer["headers"]["traceparent"]
            .as_array()
            .unwrap()
            .as_slice()
        else {
            panic!("{answer}");
        };
        seen.push(Traceparent::parse(value.as_str().unwrap()).unwrap());
    }
    assert_eq!(seen[0].as_str(), own);
    let traces: HashSet<&str> = seen.iter().map(Traceparent::trace_id).collect();
    assert_eq!(traces.len(), 4, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_without_a_body_stay_what_they_are() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let whole = world.get("/api/v1/x").send().await.unwrap();
    let head = world
        .request(Method::HEAD, "/api/v1/x")
        .send()
        .await
        .unwrap();
    assert_eq!(head.status(), 200);
    assert!(whole.headers().contains_key("content-length"));
    assert!(head.headers().contains_key("content-length"));
    assert_eq!(head.bytes().await.unwrap().len(), 0);
    let nothing = world
        .request(Method::DELETE, "/api/v1/nothing")
        .send()
        .await
        .unwrap();
    assert_eq!(nothing.status(), 204);
    assert!(!nothing.headers().contains_key("content-length"));
    let unchanged = world.get("/api/v1/unchanged").send().await.unwrap();
    assert_eq!(unchanged.status(), 304);
    assert_eq!(unchanged.headers()["etag"], "\"1\"");
    let missing = world.get("/api/v1/missing").send().await.unwrap();
    assert_eq!(missing.status(), 404);
    assert_eq!(
        missing.json::<Value>().await.unwrap()["code"],
        "of_the_node"
    );
    // All over connections that are still good.
    assert_eq!(world.get("/api/v1/x").send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_here_is_answered_to_head_as_to_get() {
    let world = World::with(&[]).await;
    let get = world.get("/auth/v1/session").send().await.unwrap();
    let request = world.request(Method::HEAD, "/auth/v1/session");
    let head = request.send().await.unwrap();
    assert_eq!(head.status(), 200);
    for name in ["content-type", "content-length"] {
        assert_eq!(head.headers()[name], get.headers()[name], "{name}");
    }
    assert_eq!(head.bytes().await.unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_answers_are_passed_on_as_they_come() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let large = world.get("/api/v1/chunks/512").send().await.unwrap();
    assert_eq!(large.bytes().await.unwrap().len(), 512 * (64 << 10));
    let mut drip = world
        .get("/api/v1/drip")
        .send()
        .await
        .unwrap()
        .bytes_stream();
    let first = testkit::within(SOON, drip.next()).await;
    assert_eq!(first.unwrap().unwrap().unwrap(), "first\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_passed_on_whatever_their_form() {
    let node = GoodNode::start();
    let settings = GatewaySettings {
        body_limit: 32 << 20,
        ..GatewaySettings::default()
    };
    let world = World::new(Wish {
        nodes: &[&node.address],
        settings,
        ..Wish::default()
    })
    .await;
    for size in [0, 1, 20 << 10, 300 << 10, 16 << 20] {
        let sized = world
            .request(Method::PUT, "/api/v1/x")
            .body(vec![b'x'; size]);
        let seen: Value = sized.send().await.unwrap().json().await.unwrap();
        assert_eq!(seen["length"], size);
        let chunk = 64 << 10;
        let chunks = (0..size.div_ceil(chunk))
            .map(move |at| Ok::<_, std::io::Error>(vec![b'x'; chunk.min(size - at * chunk)]));
        let body = Body::wrap_stream(futures_util::stream::iter(chunks));
        let chunked = world.request(Method::POST, "/api/v1/x").body(body);
        let seen: Value = chunked.send().await.unwrap().json().await.unwrap();
        assert_eq!(seen["length"], size, "chunked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_reaches_no_node() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let limit = 1 << 20;
    for size in [limit + 1, 10 << 20] {
        let sized = world
            .request(Method::POST, "/api/v1/x")
            .body(vec![b'x'; size]);
        let response = sized.send().await.unwrap();
        assert_eq!(response.status(), 413);
        assert_eq!(
            response.json::<Value>().await.unwrap()["code"],
            "payload_too_large"
        );
        let chunks =
            (0..size.div_ceil(1 << 16)).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 1 << 16]));
        let body = Body::wrap_stream(futures_util::stream::iter(chunks));
        let response = world
            .request(Method::POST, "/api/v1/x")
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 413, "chunked {size}");
    }
    assert_eq!(node.requests(), 0);
    let whole = world
        .request(Method::POST, "/api/v1/x")
        .body(vec![b'x'; limit]);
    assert_eq!(whole.send().await.unwrap().status(), 200);
}
