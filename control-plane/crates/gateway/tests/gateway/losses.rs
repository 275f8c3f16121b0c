//! Nodes that are lost.

use cp_gateway::GatewaySettings;
use reqwest::{Body, Method, RequestBuilder, Response};
use serde_json::Value;
use testkit::eventually;

use crate::{
    node::{BadNode, Badness, GoodNode},
    people,
    world::{SOON, Wish, World},
};

async fn problem(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    (
        status,
        response.json::<Value>().await.unwrap()["code"]
            .as_str()
            .unwrap()
            .to_owned(),
    )
}

/// Asks until the bad node was the first to be asked.
async fn after_the_bad_one(bad: &BadNode, ask: impl Fn() -> RequestBuilder) -> Response {
    let before = bad.requests();
    for _ in 0..200 {
        let response = ask().send().await.unwrap();
        if bad.requests() > before {
            return response;
        }
    }
    panic!("the bad node is never asked");
}

fn patient() -> GatewaySettings {
    // Passed over for no time at all, so that the bad node goes on being asked.
    GatewaySettings {
        eject_ms: 0,
        first_byte_timeout_ms: 300,
        ..GatewaySettings::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_safe_to_repeat_is_answered_by_another_node() {
    for badness in [Badness::Dies, Badness::DiesInTheAnswer] {
        let (good, bad) = (GoodNode::start(), BadNode::start(badness).await);
        let nodes = [good.address.as_str(), bad.address.as_str()];
        let world = World::new(Wish {
            nodes: &nodes,
            settings: patient(),
            ..Wish::default()
        })
        .await;
        let safe = after_the_bad_one(&bad, || world.get("/api/v1/x")).await;
        assert_eq!(safe.status(), 200);
        let keyed = after_the_bad_one(&bad, || {
            world
                .request(Method::POST, "/api/v1/x")
                .header("idempotency-key", "k")
                .body("body")
        });
        let keyed = keyed.await;
        assert_eq!(keyed.status(), 200);
        assert_eq!(keyed.json::<Value>().await.unwrap()["length"], 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_been_done_is_not_repeated() {
    let (good, bad) = (GoodNode::start(), BadNode::start(Badness::Dies).await);
    let nodes = [good.address.as_str(), bad.address.as_str()];
    let world = World::new(Wish {
        nodes: &nodes,
        settings: patient(),
        ..Wish::default()
    })
    .await;
    let large = vec![b'x'; (256 << 10) + 1];
    let asks: [Box<dyn Fn() -> RequestBuilder>; 4] = [
        Box::new(|| world.request(Method::POST, "/api/v1/x").body("unkeyed")),
        Box::new(|| {
            world
                .request(Method::PATCH, "/api/v1/x")
                .header("idempotency-key", "k")
        }),
        Box::new(|| world.request(Method::DELETE, "/api/v1/x")),
        Box::new(|| {
            let post = world
                .request(Method::POST, "/api/v1/x")
                .header("idempotency-key", "k");
            post.body(large.clone())
        }),
    ];
    for ask in asks {
        let response = after_the_bad_one(&bad, ask).await;
        assert_eq!(problem(response).await, (502, "outcome_unknown".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_cannot_be_reached_is_passed_over_whatever_is_asked() {
    let good = GoodNode::start();
    let nodes = [good.address.as_str(), "127.0.0.1:1"];
    let world = World::with(&nodes).await;
    for _ in 0..50 {
        let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>("streamed")]);
        let post = world
            .request(Method::POST, "/api/v1/x")
            .body(Body::wrap_stream(chunks));
        let seen: Value = post.send().await.unwrap().json().await.unwrap();
        assert_eq!(seen["length"], 8);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_node_one_is_told_when_to_come_again() {
    for nodes in [&[][..], &["127.0.0.1:1"]] {
        let world = World::with(nodes).await;
        let response = world.get("/api/v1/x").send().await.unwrap();
        assert_eq!(response.headers()["retry-after"], "1");
        assert_eq!(problem(response).await, (503, "unavailable".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_comes_back_or_drains_is_noticed() {
    let (first, second) = (GoodNode::start(), GoodNode::start());
    let world = World::with(&[&first.address]).await;
    assert_eq!(world.get("/api/v1/x").send().await.unwrap().status(), 200);
    people::node(world.db.conn(), "second", "general", &second.address).await;
    let text = "UPDATE runtime_nodes SET draining = TRUE WHERE name = 'node-0'";
    people::execute(world.db.conn(), text, vec![]).await;
    world.pushes.nodes_changed().await;
    eventually(SOON, async || {
        world.get("/api/v1/x").send().await.unwrap();
        second.requests() > 0
    })
    .await;
    let before = first.requests();
    for _ in 0..10 {
        assert_eq!(world.get("/api/v1/x").send().await.unwrap().status(), 200);
    }
    assert_eq!(first.requests(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_node_costs_a_limited_time_and_is_not_asked_twice() {
    let bad = BadNode::start(Badness::Silent).await;
    let nodes = [bad.address.as_str()];
    let world = World::new(Wish {
        nodes: &nodes,
        settings: patient(),
        ..Wish::default()
    })
    .await;
    let response = world.get("/api/v1/x").send().await.unwrap();
    assert_eq!(problem(response).await, (504, "gateway_timeout".to_owned()));
    assert_eq!(bad.requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_requests_than_may_be_are_refused_at_once() {
    let bad = BadNode::start(Badness::Silent).await;
    for (in_all, per_node) in [(2, 100), (100, 2)] {
        let settings = GatewaySettings {
            max_in_flight: in_all,
            max_in_flight_per_node: per_node,
            first_byte_timeout_ms: 1_500,
            ..GatewaySettings::default()
        };
        let nodes = [bad.address.as_str()];
        let world = World::new(Wish {
            nodes: &nodes,
            settings,
            ..Wish::default()
        })
        .await;
        let before = bad.requests();
        let waiting: Vec<_> = (0..2)
            .map(|_| tokio::spawn(world.get("/api/v1/x").send()))
            .collect();
        eventually(SOON, async || bad.requests() == before + 2).await;
        let refused = testkit::within(SOON, world.get("/api/v1/x").send());
        let refused = refused.await.unwrap().unwrap();
        assert_eq!(refused.headers()["retry-after"], "1");
        assert_eq!(problem(refused).await, (503, "busy".to_owned()));
        for answer in waiting {
            assert_eq!(answer.await.unwrap().unwrap().status(), 504);
        }
        // Their places are free again.
        assert_eq!(world.get("/api/v1/x").send().await.unwrap().status(), 504);
    }
}
