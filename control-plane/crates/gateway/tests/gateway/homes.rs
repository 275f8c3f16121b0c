//! The host of people, and browsers that nobody is signed in with.

use reqwest::{Method, RequestBuilder, redirect::Policy};

use crate::{node::GoodNode, world::World};

/// Like [`RequestBuilder::send`], without following.
async fn answer(request: RequestBuilder) -> (u16, Option<String>) {
    let client = reqwest::Client::builder()
        .redirect(Policy::none())
        .build()
        .unwrap();
    let response = client.execute(request.build().unwrap()).await.unwrap();
    let location = response.headers().get("location");
    let location = location.map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), location)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_of_people_is_no_tenants_whoever_asks() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    for label in ["id", "ID"] {
        let home = world.at(label, Method::GET, "/accounts");
        let cookie = format!("trellis={}", world.somebody.cookie);
        let response = home.header("cookie", cookie).send().await.unwrap();
        assert_eq!(response.status(), 200, "{label}");
        let body: serde_json::Value = response.json().await.unwrap();
        assert_eq!(
            body,
            serde_json::json!({ "people": true, "tenant": false, "session": false })
        );
    }
    // Nothing there is passed on to a node, and no header makes it a tenant's.
    let foreign = world
        .at("id", Method::GET, "/api/v1/work-items")
        .header("cookie", format!("trellis={}", world.somebody.cookie))
        .header("x-forwarded-host", "acme.trellis.localhost:8080")
        .header("x-tenant-id", world.tenant.to_string());
    assert_eq!(answer(foreign).await.0, 404);
    assert_eq!(node.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_something_on_the_host_of_people_comes_from_there() {
    let world = World::with(&[]).await;
    let post = |site: &'static str| {
        world
            .at("id", Method::POST, "/accounts")
            .header("cookie", format!("trellis={}", "A".repeat(43)))
            .header("sec-fetch-site", site)
    };
    assert_eq!(answer(post("same-origin")).await.0, 200);
    for site in ["same-site", "cross-site", "none"] {
        assert_eq!(answer(post(site)).await.0, 403, "{site}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_with_nobody_is_led_to_sign_in_and_a_program_is_not() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let page = || {
        world
            .anonymous(Method::GET, "/grids/7?tab=a&b=//evil.example")
            .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
    };
    let led = Some("/sign-in?return_to=/grids/7%3Ftab%3Da%26b%3D//evil.example".to_owned());
    assert_eq!(answer(page()).await, (303, led.clone()));
    let ended = page().header("cookie", format!("trellis={}", "A".repeat(43)));
    assert_eq!(answer(ended).await, (303, led));
    let fetched = page().header("sec-fetch-mode", "cors");
    assert_eq!(answer(fetched).await, (401, None));
    let program = world.anonymous(Method::GET, "/api/v1/work-items");
    assert_eq!(answer(program).await, (401, None));
    let token = page().header("authorization", "Bearer trl_x");
    assert_eq!(answer(token).await, (401, None));
    assert_eq!(node.requests(), 0);
    assert_eq!(
        answer(world.get("/grids/7").header("accept", "text/html"))
            .await
            .0,
        200
    );
}
