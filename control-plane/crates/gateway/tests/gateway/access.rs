//! Access policies: from where a request comes, and who is let in from there.

use std::{fs, net::SocketAddr};

use cp_app::access::AccessSettings;
use cp_domain::ForwardedHeader;
use reqwest::{Method, RequestBuilder, redirect};
use serde_json::{Value, json};
use testkit::eventually;

use crate::{
    countries::new_file,
    node::GoodNode,
    people,
    world::{SOON, Wish, World},
};

/// A world behind a proxy on this machine, with countries.
async fn behind_a_proxy(node: &GoodNode, header: ForwardedHeader) -> World {
    let path = new_file();
    let countries = [
        ("192.0.2.0/24", "DE"),
        ("198.51.100.0/24", "US"),
        ("203.0.113.0/24", "KP"),
    ];
    fs::write(&path, testkit::mmdb(&countries)).unwrap();
    World::new(Wish {
        nodes: &[&node.address],
        access: AccessSettings {
            country_database: path.to_string_lossy().into_owned(),
            trusted_proxies: vec!["127.0.0.0/8".to_owned()],
            forwarded_header: header,
            ..AccessSettings::default()
        },
        ..Wish::default()
    })
    .await
}

/// Lays down a policy and waits until the gateway goes by it, with a request that tells.
async fn lay_down(world: &World, policy: &Value) {
    people::policy(world.db.conn(), world.tenant, policy).await;
    world.pushes.routes_changed(world.tenant.into()).await;
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

async fn until(request: impl Fn() -> RequestBuilder, wanted: u16) {
    eventually(SOON, async || status(request()).await == wanted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_trusted_proxies_no_header_says_where_a_client_is() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let policy = json!({"everyone": {"networks": ["198.51.100.0/24"]}});
    lay_down(&world, &policy).await;
    until(|| world.get("/api/v1/x"), 403).await;
    let before = node.requests();
    for (name, value) in [
        ("x-forwarded-for", "198.51.100.7"),
        ("x-forwarded-for", "198.51.100.7, 127.0.0.1"),
        ("forwarded", "for=198.51.100.7"),
        ("x-real-ip", "198.51.100.7"),
        ("cf-connecting-ip", "198.51.100.7"),
        ("true-client-ip", "198.51.100.7"),
    ] {
        let response = world
            .get("/api/v1/x")
            .header(name, value)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 403, "{name}: {value}");
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["code"], "policy_refused");
        assert_eq!(
            problem["detail"],
            "Access from your network is not allowed."
        );
    }
    assert_eq!(node.requests(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_trusted_proxies_the_nearest_stranger_is_the_client() {
    let node = GoodNode::start();
    let world = behind_a_proxy(&node, ForwardedHeader::XForwardedFor).await;
    let policy = json!({"everyone": {"networks": ["198.51.100.0/24"]}});
    lay_down(&world, &policy).await;
    until(|| world.get("/api/v1/x"), 403).await;
    for (told, expected) in [
        ("198.51.100.7", 200),
        ("10.0.0.1, 198.51.100.7", 200),
        ("198.51.100.7, 127.0.0.9", 200),
        // What the client says of itself stands further left.
        ("198.51.100.7, 203.0.113.5", 403),
        ("198.51.100.7, unknown", 403),
        ("\"198.51.100.7, 203.0.113.5", 403),
    ] {
        let request = world.get("/api/v1/x").header("x-forwarded-for", told);
        assert_eq!(status(request).await, expected, "{told}");
    }
    // Two lines are one list.
    let two = world
        .get("/api/v1/x")
        .header("x-forwarded-for", "198.51.100.7")
        .header("x-forwarded-for", "203.0.113.5");
    assert_eq!(status(two).await, 403);
    // The header that is not read counts for nothing.
    let other = world
        .get("/api/v1/x")
        .header("x-forwarded-for", "203.0.113.5")
        .header("forwarded", "for=198.51.100.7");
    assert_eq!(status(other).await, 403);
    // A node is told the client alone.
    let told = world
        .get("/api/v1/x")
        .header("x-forwarded-for", "10.0.0.1, 198.51.100.7");
    let seen: Value = told.send().await.unwrap().json().await.unwrap();
    assert_eq!(seen["headers"]["x-forwarded-for"], json!(["198.51.100.7"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn forwarded_is_read_where_the_proxies_write_it() {
    let node = GoodNode::start();
    let world = behind_a_proxy(&node, ForwardedHeader::Forwarded).await;
    let policy = json!({"everyone": {"networks": ["198.51.100.0/24"]}});
    lay_down(&world, &policy).await;
    until(|| world.get("/api/v1/x"), 403).await;
    for (told, expected) in [
        ("for=\"198.51.100.7:4711\";proto=https", 200),
        ("for=203.0.113.5, for=198.51.100.7", 200),
        ("for=198.51.100.7, for=203.0.113.5", 403),
        ("for=\"198.51.100.7, for=203.0.113.5", 403),
    ] {
        let request = world.get("/api/v1/x").header("forwarded", told);
        assert_eq!(status(request).await, expected, "{told}");
    }
    let other = world
        .get("/api/v1/x")
        .header("x-forwarded-for", "198.51.100.7");
    assert_eq!(status(other).await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn countries_and_tokens_have_their_own_rules_and_each_rule_is_remembered_once() {
    let node = GoodNode::start();
    let world = behind_a_proxy(&node, ForwardedHeader::XForwardedFor).await;
    let policy = json!({
        "everyone": {"countries": {"allow": ["DE"]}, "unknown_country": "refuse"},
        "tokens": {"countries": {"allow": ["US"]}},
    });
    lay_down(&world, &policy).await;
    let token = format!("Bearer {}", world.somebody.token);
    let from = |address: &'static str| world.get("/api/v1/x").header("x-forwarded-for", address);
    let program = |address: &'static str| {
        let request = world.anonymous(Method::GET, "/api/v1/x");
        request
            .header("x-forwarded-for", address)
            .header("authorization", &token)
    };
    until(|| from("198.51.100.7"), 403).await;
    assert_eq!(status(from("192.0.2.7")).await, 200);
    assert_eq!(status(from("2001:db8::1")).await, 403);
    assert_eq!(status(program("198.51.100.7")).await, 200);
    assert_eq!(status(program("192.0.2.7")).await, 403);
    assert_eq!(status(program("2001:db8::1")).await, 200);
    // So do directories, and clients before they have a token.
    for (method, path) in [
        (Method::GET, "/scim/v2/Users"),
        (Method::POST, "/oauth/token"),
    ] {
        let from = |address: &'static str| {
            let request = world.anonymous(method.clone(), path);
            request.header("x-forwarded-for", address)
        };
        assert_eq!(status(from("198.51.100.7")).await, 200, "{path}");
        assert_eq!(status(from("192.0.2.7")).await, 403, "{path}");
    }
    for _ in 0..20 {
        assert_eq!(status(from("198.51.100.7")).await, 403);
    }
    let expected = [
        "tenant.everyone.countries",
        "tenant.everyone.unknown_country",
        "tenant.tokens.countries",
        "tenant.tokens.countries",
    ];
    eventually(SOON, async || {
        let rules = people::refusals(world.db.conn()).await;
        if rules == expected {
            Ok(())
        } else {
            Err(rules)
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_an_unsafe_country_nobody_gets_in_on_any_host() {
    let node = GoodNode::start();
    let world = behind_a_proxy(&node, ForwardedHeader::XForwardedFor).await;
    let from = |label: &str, path: &str| {
        let request = world.at(label, Method::GET, path);
        request.header("x-forwarded-for", "203.0.113.5")
    };
    assert_eq!(status(from("acme", "/auth/v1/session")).await, 200);
    people::unsafe_country(world.db.conn(), "KP").await;
    world.pushes.policies_changed().await;
    until(|| from("acme", "/auth/v1/session"), 403).await;
    assert_eq!(status(from("id", "/sign-in")).await, 403);
    let cookie = format!("trellis={}", world.somebody.cookie);
    let token = format!("Bearer {}", world.somebody.token);
    assert_eq!(
        status(from("acme", "/api/v1/x").header("cookie", &cookie)).await,
        403
    );
    assert_eq!(
        status(from("api", "/api/v1/x").header("authorization", &token)).await,
        403
    );
    // What tells them so, and the way out.
    assert_eq!(status(from("acme", "/access-refused")).await, 200);
    let out = world
        .request(Method::POST, "/auth/v1/sign-out")
        .header("x-forwarded-for", "203.0.113.5");
    let left: Value = out.send().await.unwrap().json().await.unwrap();
    assert_eq!(left["member"], world.somebody.member.to_string());
    // Elsewhere everything goes on.
    assert_eq!(status(world.get("/api/v1/x")).await, 200);
    let rules = people::refusals(world.db.conn()).await;
    assert!(
        rules.iter().all(|rule| rule == "platform.unsafe.countries"),
        "{rules:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_is_refused_is_led_to_a_page() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    lay_down(
        &world,
        &json!({"everyone": {"networks": ["198.51.100.0/24"]}}),
    )
    .await;
    until(|| world.get("/api/v1/x"), 403).await;
    let policy = redirect::Policy::none();
    let browser = reqwest::Client::builder().redirect(policy).build().unwrap();
    let request = world.get("/grids/1").header("accept", "text/html").build();
    let answer = browser.execute(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 303);
    assert_eq!(
        answer.headers()["location"],
        "/access-refused?rule=networks"
    );
    assert_eq!(answer.headers()["cache-control"], "no-store");
    // The page itself has nobody's session.
    let page: Value = world
        .get("/access-refused")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(page["member"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_of_another_release_closes_its_tenant_and_no_other() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let globex = people::tenant(world.db.conn(), world.group, "globex").await;
    let other = people::somebody(world.db.conn(), globex).await;
    lay_down(&world, &json!({"phases_of_the_moon": ["full"]})).await;
    until(|| world.get("/api/v1/x"), 403).await;
    let request = world.at("globex", Method::GET, "/api/v1/x");
    let request = request.header("cookie", format!("trellis={}", other.cookie));
    assert_eq!(status(request).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_header_and_no_parameter_says_which_tenant_it_is() {
    let node = GoodNode::start();
    let world = behind_a_proxy(&node, ForwardedHeader::XForwardedFor).await;
    let globex = people::tenant(world.db.conn(), world.group, "globex").await;
    let other = people::somebody(world.db.conn(), globex).await;
    let own = tenant_of(world.get("/api/v1/x")).await;
    for (name, value) in [
        ("x-tenant", "globex".to_owned()),
        ("x-tenant-id", globex.to_string()),
        ("x-trellis-tenant", globex.to_string()),
        ("x-trellis-identity", "forged".to_owned()),
        (
            "x-forwarded-host",
            "globex.trellis.localhost:8080".to_owned(),
        ),
        (
            "x-original-host",
            "globex.trellis.localhost:8080".to_owned(),
        ),
        ("x-host", "globex.trellis.localhost:8080".to_owned()),
        ("forwarded", "host=globex.trellis.localhost:8080".to_owned()),
        (
            "x-original-url",
            "http://globex.trellis.localhost:8080/".to_owned(),
        ),
    ] {
        let path = format!("/api/v1/x?tenant=globex&tenant_id={globex}");
        let request = world.get(&path).header(name, &value);
        assert_eq!(tenant_of(request).await, own, "{name}");
        let foreign = world.anonymous(Method::GET, &path).header(name, &value);
        let foreign = foreign.header("cookie", format!("trellis={}", other.cookie));
        assert_eq!(status(foreign).await, 401, "{name}");
    }
    // Two hosts are none, and the target counts before the header (RFC 9112 §3.2.2).
    let cookie = format!("cookie: trellis={}\r\n", world.somebody.cookie);
    let (acme, globex) = (
        "acme.trellis.localhost:8080",
        "globex.trellis.localhost:8080",
    );
    let twice = format!("GET /api/v1/x HTTP/1.1\r\nhost: {acme}\r\nhost: {globex}\r\n{cookie}\r\n");
    assert!(raw(world.address, &twice).await.starts_with("HTTP/1.1 400"));
    let target = format!("GET http://{globex}/api/v1/x HTTP/1.1\r\nhost: {acme}\r\n{cookie}\r\n");
    assert!(
        raw(world.address, &target)
            .await
            .starts_with("HTTP/1.1 401")
    );
}

/// The tenant in the identity that a node gets.
async fn tenant_of(request: RequestBuilder) -> Value {
    let seen: Value = request.send().await.unwrap().json().await.unwrap();
    people::claims(&seen)["tid"].clone()
}

/// The head of the answer to a request as it is written.
async fn raw(address: SocketAddr, request: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = vec![0; 64];
    stream.read_exact(&mut head).await.unwrap();
    String::from_utf8_lossy(&head).into_owned()
}
