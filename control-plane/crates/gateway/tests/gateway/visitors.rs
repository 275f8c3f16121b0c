//! Links of mail: anybody may follow one, and is nobody there.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{node::GoodNode, world::World};

/// What the identity says that a node got.
async fn claims(request: RequestBuilder) -> Value {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let seen: Value = answer.json().await.unwrap();
    let identity = seen["headers"]["x-trellis-identity"][0].as_str().unwrap();
    let payload = identity.split('.').nth(1).unwrap();
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_follows_a_link_of_mail_is_nobody_and_may_nothing_else() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let path = "/unsubscribe/abc";
    for request in [
        world
            .anonymous(Method::GET, path)
            .header("accept", "text/html"),
        world
            .anonymous(Method::POST, path)
            .body("List-Unsubscribe=One-Click"),
        // Signed in, one is a visitor as well.
        world.get(path),
    ] {
        let claims = claims(request).await;
        assert_eq!(
            claims["scp"],
            json!([]),
            "no scope: no other route takes it"
        );
        assert_eq!(claims["mid"], "00000000-0000-0000-0000-000000000000");
        assert_eq!((&claims["ext"], claims.get("sid")), (&json!(true), None));
    }
    let elsewhere = world
        .anonymous(Method::GET, "/api/v1/work-items")
        .send()
        .await;
    assert_eq!(elsewhere.unwrap().status(), 401);
    assert_eq!(node.requests(), 3);
}
