//! What a request costs when everything is known.

use testkit::{RedisCommandCounter, StatementCounter};

use crate::{node::GoodNode, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_request_costs_one_round_trip_at_most_and_no_statement_and_no_signature() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    // What is read now and then is read by this account too: the node list, the catalogue, the
    // keys. It is told apart by asking as often without any request.
    for _ in 0..3 {
        assert_eq!(world.get("/api/v1/x").send().await.unwrap().status(), 200);
    }
    let signatures = world.gateway.signatures();
    assert_eq!(signatures, 1);
    let mut redis = RedisCommandCounter::start(&world.redis).await;
    redis.take().await;
    let mut statements = StatementCounter::start(&world.account.user).await;
    statements.take().await;
    let requests = 200;
    for _ in 0..requests {
        assert_eq!(world.get("/api/v1/x").send().await.unwrap().status(), 200);
    }
    let commands = redis.take().await;
    let asked = statements.take().await;
    // Far fewer than one per request: what is left is the background's.
    let looks = commands
        .iter()
        .filter(|command| ["GET", "EVALSHA", "EVAL"].contains(&command.name.as_str()))
        .count();
    assert!(looks <= requests, "{commands:?}");
    let sessions = commands
        .iter()
        .filter(|c| c.arguments.contains(":session:"))
        .count();
    assert_eq!(looks, sessions, "{commands:?}");
    assert!(asked.total() < requests as u64 / 4, "{asked:?}");
    assert_eq!(world.gateway.signatures(), signatures);
    assert_eq!(node.requests(), requests + 3);
}
