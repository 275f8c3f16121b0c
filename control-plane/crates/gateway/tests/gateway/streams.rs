//! How many tunnels and streams of events may be open, and that they are no requests.

use cp_gateway::{GatewaySettings, StreamSettings};
use reqwest::{Method, Response};
use serde_json::Value;
use testkit::eventually;
use tokio::net::TcpStream;

use crate::{
    node::GoodNode,
    people,
    tunnels::open_at,
    world::{SOON, Wish, World},
};

const MANY: StreamSettings = StreamSettings {
    in_all: 100,
    per_node: 100,
    per_tenant: 100,
    per_credential: 100,
};

async fn world(nodes: &[&GoodNode], settings: GatewaySettings) -> World {
    let nodes: Vec<&str> = nodes.iter().map(|node| node.address.as_str()).collect();
    World::new(Wish {
        nodes: &nodes,
        settings,
        ..Wish::default()
    })
    .await
}

async fn limited(nodes: &[&GoodNode], streams: StreamSettings) -> World {
    let settings = GatewaySettings {
        streams,
        ..GatewaySettings::default()
    };
    world(nodes, settings).await
}

/// Asks for a tunnel with this cookie.
async fn tunnel(world: &World, cookie: &str) -> (String, TcpStream) {
    open_at(world.address, &format!("cookie: trellis={cookie}\r\n")).await
}

/// Asks for a stream of events with this cookie.
async fn events(world: &World, label: &str, cookie: &str) -> Response {
    let request = world.at(label, Method::GET, "/api/v1/ticks");
    let request = request.header("cookie", format!("trellis={cookie}"));
    request.send().await.unwrap()
}

async fn open_tunnel(world: &World) -> TcpStream {
    let (head, stream) = tunnel(world, &world.somebody.cookie).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    stream
}

async fn open_events(world: &World) -> Response {
    let mut answer = events(world, "acme", &world.somebody.cookie).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.chunk().await.unwrap().is_some());
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_takes_the_place_of_no_request() {
    for (in_all, per_node) in [(2, 100), (100, 2)] {
        let node = GoodNode::start();
        let settings = GatewaySettings {
            max_in_flight: in_all,
            max_in_flight_per_node: per_node,
            ..GatewaySettings::default()
        };
        let world = world(&[&node], settings).await;
        let (mut tunnels, mut streams) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            tunnels.push(open_tunnel(&world).await);
            streams.push(open_events(&world).await);
        }
        assert_eq!(world.get("/api/v1/x").send().await.unwrap().status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_is_a_request_to_its_end() {
    let node = GoodNode::start();
    let settings = GatewaySettings {
        max_in_flight: 1,
        ..GatewaySettings::default()
    };
    let world = world(&[&node], settings).await;
    // More than fits into what lies between node and client.
    let long = world.get("/api/v1/chunks/4096").send().await.unwrap();
    assert_eq!(long.status(), 200);
    let refused = world.get("/api/v1/x").send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "busy");
    drop(long);
    eventually(SOON, async || {
        world.get("/api/v1/x").send().await.unwrap().status() == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_limit_refuses_and_has_room_again_when_one_ends() {
    let of_credential = StreamSettings {
        per_credential: 2,
        ..MANY
    };
    let of_tenant = StreamSettings {
        per_tenant: 2,
        ..MANY
    };
    let of_node = StreamSettings {
        per_node: 2,
        ..MANY
    };
    let of_all = StreamSettings { in_all: 2, ..MANY };
    for (settings, status, code) in [
        (of_credential, 429, "too_many_requests"),
        (of_tenant, 429, "too_many_requests"),
        (of_node, 503, "busy"),
        (of_all, 503, "busy"),
    ] {
        let node = GoodNode::start();
        let world = limited(&[&node], settings).await;
        let cookie = &world.somebody.cookie;
        let (first, second) = (open_tunnel(&world).await, open_events(&world).await);
        let (head, _) = tunnel(&world, cookie).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{head}");
        assert!(head.to_ascii_lowercase().contains("retry-after: 5"));
        let refused = events(&world, "acme", cookie).await;
        assert_eq!(refused.status(), status);
        assert_eq!(refused.headers()["retry-after"], "5");
        assert_eq!(refused.json::<Value>().await.unwrap()["code"], code);
        // What is refused takes nothing, and requests go on.
        assert_eq!(world.get("/api/v1/x").send().await.unwrap().status(), 200);
        drop(first);
        let third = until_open(&world).await;
        assert_eq!(events(&world, "acme", cookie).await.status(), status);
        drop(second);
        let fourth = until_open(&world).await;
        assert_eq!(events(&world, "acme", cookie).await.status(), status);
        drop((third, fourth));
    }
}

/// Asks for a tunnel until there is one.
async fn until_open(world: &World) -> TcpStream {
    let opened = std::cell::Cell::new(None);
    eventually(SOON, async || {
        let (head, stream) = tunnel(world, &world.somebody.cookie).await;
        let is_open = head.starts_with("HTTP/1.1 101");
        opened.set(is_open.then_some(stream));
        is_open
    })
    .await;
    opened.take().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_uses_up_what_others_have() {
    let node = GoodNode::start();
    let settings = StreamSettings {
        per_credential: 1,
        per_tenant: 2,
        ..MANY
    };
    let world = limited(&[&node], settings).await;
    let colleague = people::somebody(world.db.conn(), world.tenant).await;
    let _first = open_tunnel(&world).await;
    let (head, _) = tunnel(&world, &world.somebody.cookie).await;
    assert!(head.starts_with("HTTP/1.1 429"), "{head}");
    // Another of the tenant.
    let (head, _second) = tunnel(&world, &colleague.cookie).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    // Their token counts for itself, but the tenant has as many as it may.
    let token = format!("authorization: Bearer {}\r\n", colleague.token);
    let (head, _) = open_at(world.address, &token).await;
    assert!(head.starts_with("HTTP/1.1 429"), "{head}");
    // Another tenant.
    let globex = people::tenant(world.db.conn(), world.group, "globex").await;
    let stranger = people::somebody(world.db.conn(), globex).await;
    let theirs = events(&world, "globex", &stranger.cookie).await;
    assert_eq!(theirs.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_room_is_found() {
    let (first, second) = (GoodNode::start(), GoodNode::start());
    let settings = StreamSettings {
        per_node: 3,
        ..MANY
    };
    let world = limited(&[&first, &second], settings).await;
    let mut tunnels = Vec::new();
    for _ in 0..2 {
        tunnels.push(open_tunnel(&world).await);
    }
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(open_events(&world).await);
    }
    let refused = events(&world, "acme", &world.somebody.cookie).await;
    assert_eq!(refused.status(), 503);
    let (head, _) = tunnel(&world, &world.somebody.cookie).await;
    assert!(head.starts_with("HTTP/1.1 503"), "{head}");
}
