//! Requests per second.

use cp_gateway::{GatewaySettings, Rate, RateSettings};
use reqwest::Method;
use testkit::RedisCommandCounter;

use crate::{
    node::GoodNode,
    people,
    world::{Wish, World},
};

const NONE: Rate = Rate {
    per_second: 0,
    burst: 0,
};
/// So slow that nothing comes back while a test runs.
const FEW: Rate = Rate {
    per_second: 1,
    burst: 60,
};

async fn world(node: &GoodNode, rates: RateSettings) -> World {
    World::new(Wish {
        nodes: &[&node.address],
        settings: GatewaySettings {
            rates,
            ..GatewaySettings::default()
        },
        ..Wish::default()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_is_too_fast_is_told_when_to_come_again_and_nobody_else_waits() {
    let node = GoodNode::start();
    let rates = RateSettings {
        credential: FEW,
        tenant: NONE,
        address: NONE,
    };
    let world = world(&node, rates).await;
    let other = people::somebody(world.db.conn(), world.tenant).await;
    let mut redis = RedisCommandCounter::start(&world.redis).await;
    let mut refused = None;
    for _ in 0..200 {
        let response = world.get("/api/v1/x").send().await.unwrap();
        if response.status() != 200 {
            refused = Some(response);
            break;
        }
    }
    let refused = refused.unwrap();
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "1");
    let problem: serde_json::Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "too_many_requests");
    assert!(node.requests() >= 60, "{}", node.requests());
    let cookie = format!("trellis={}", other.cookie);
    let theirs = world
        .anonymous(Method::GET, "/api/v1/x")
        .header("cookie", cookie);
    assert_eq!(theirs.send().await.unwrap().status(), 200);
    // Counting costs no round trip.
    let commands = redis.take().await;
    let others = commands.iter().filter(|command| {
        !command.arguments.contains(":session:") && !command.arguments.contains("cp:sessions:mark")
    });
    let asks = ["GET", "EVALSHA", "EVAL"];
    let asked: Vec<_> = others
        .filter(|command| asks.contains(&command.name.as_str()))
        .collect();
    assert!(asked.is_empty(), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_has_a_rate_that_strangers_do_not_use_up() {
    let node = GoodNode::start();
    let rates = RateSettings {
        credential: NONE,
        tenant: FEW,
        address: NONE,
    };
    let world = world(&node, rates).await;
    for _ in 0..100 {
        let request = world.anonymous(Method::GET, "/api/v1/x");
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
    let other = people::somebody(world.db.conn(), world.tenant).await;
    let cookie = format!("trellis={}", other.cookie);
    let mut statuses = Vec::new();
    for _ in 0..45 {
        statuses.push(
            world
                .get("/api/v1/x")
                .send()
                .await
                .unwrap()
                .status()
                .as_u16(),
        );
        let theirs = world
            .anonymous(Method::GET, "/api/v1/x")
            .header("cookie", &cookie);
        statuses.push(theirs.send().await.unwrap().status().as_u16());
    }
    assert!(
        statuses[..60].iter().all(|status| *status == 200),
        "{statuses:?}"
    );
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down_by_address_before_anything_is_looked_up() {
    let node = GoodNode::start();
    let rates = RateSettings {
        credential: NONE,
        tenant: NONE,
        address: FEW,
    };
    let world = world(&node, rates).await;
    assert_eq!(world.get("/api/v1/x").send().await.unwrap().status(), 200);
    let mut statuses = Vec::new();
    for number in 0..80 {
        let guess = format!("trellis={number:043}");
        let request = world
            .anonymous(Method::GET, "/api/v1/x")
            .header("cookie", guess);
        statuses.push(request.send().await.unwrap().status().as_u16());
    }
    assert!(
        statuses[..60].iter().all(|status| *status == 401),
        "{statuses:?}"
    );
    assert_eq!(statuses.last(), Some(&429));
    let mut redis = RedisCommandCounter::start(&world.redis).await;
    let guess = format!("trellis={:043}", 1000);
    let request = world
        .anonymous(Method::GET, "/api/v1/x")
        .header("cookie", guess);
    assert_eq!(request.send().await.unwrap().status(), 429);
    // Whoever was in is still in, from the same address.
    assert_eq!(world.get("/api/v1/x").send().await.unwrap().status(), 200);
    let own = world.session_hash();
    let asked = redis.take().await;
    let guesses: Vec<_> = asked
        .iter()
        .filter(|command| command.arguments.contains(":session:"))
        .filter(|command| !command.arguments.contains(&own))
        .collect();
    assert!(guesses.is_empty(), "{guesses:?}");
}
