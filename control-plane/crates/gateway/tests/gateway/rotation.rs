//! Another cookie after another role.

use cp_app::{
    Auth,
    members::{Administrator, MemberChange, change_member},
    sessions::{PresentedCredential, TenantHost},
};
use kernel::{IfMatch, Role};
use reqwest::{Method, Response};
use serde_json::Value;
use testkit::{Stopwatch, eventually};

use crate::{
    node::GoodNode,
    people,
    world::{SOON, World},
};

/// An architect makes somebody another role.
async fn give(world: &World, auth: &Auth, role: Role) {
    let architect = people::architect(world.db.conn(), world.tenant).await;
    let shown = PresentedCredential::from_cookie(&architect.cookie).unwrap();
    let session = auth.directory.resolve(world.tenant.into(), &shown).await;
    let host = TenantHost {
        tenant_id: world.tenant.into(),
        slug: "acme".into(),
        name: "acme".into(),
    };
    let by = Administrator {
        tenant: &host,
        session: &session.unwrap().unwrap(),
        request_id: &auth.clock.new_request_id(),
    };
    let change = MemberChange {
        role: Some(role),
        external: None,
    };
    let member = world.somebody.member.into();
    change_member(auth, &by, member, change, IfMatch::Any)
        .await
        .unwrap();
}

/// What a script or a program asks with a cookie.
async fn ask(world: &World, cookie: &str) -> (u16, Value) {
    let request = world.anonymous(Method::GET, "/api/v1/x");
    let request = request.header("cookie", format!("trellis={cookie}"));
    let response = request.send().await.unwrap();
    assert_eq!(new_cookie(&response), None);
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or_default())
}

/// Somebody goes to a page.
async fn go(world: &World, path: &str, cookie: &str) -> Response {
    let request = world.anonymous(Method::GET, path);
    let request = request
        .header("cookie", format!("theme=dark; trellis={cookie}"))
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document");
    request.send().await.unwrap()
}

fn line(response: &Response) -> Option<String> {
    let line = response.headers().get("set-cookie")?;
    Some(line.to_str().unwrap().to_owned())
}

fn new_cookie(response: &Response) -> Option<String> {
    let line = line(response)?;
    let pair = line.split(';').next().unwrap();
    Some(pair.strip_prefix("trellis=").unwrap().to_owned())
}

/// Goes on when the cookie comes as this role.
async fn until_role(world: &World, cookie: &str, role: &str) {
    eventually(SOON, async || {
        let (status, seen) = ask(world, cookie).await;
        assert_eq!(status, 200);
        people::claims(&seen)["role"] == role
    })
    .await;
}

async fn until_dead(world: &World, cookie: &str, since: Stopwatch) {
    eventually(SOON, async || ask(world, cookie).await.0 == 401).await;
    assert!(
        since.elapsed().as_millis() <= 1_000,
        "{:?}",
        since.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_page_after_another_role_comes_with_another_cookie() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let auth = world.auth().await;
    let mut cookie = world.somebody.cookie.clone();
    // Nothing is due yet.
    assert_eq!(new_cookie(&go(&world, "/grids/1", &cookie).await), None);
    // A page of a node, and one of the control plane.
    for (role, path) in [(Role::User, "/grids/1"), (Role::Builder, "/accounts")] {
        give(&world, &auth, role).await;
        // Scripts and programs go on as what they are now, with what they have.
        until_role(&world, &cookie, role.as_str()).await;
        let since = Stopwatch::start();
        let page = go(&world, path, &cookie).await;
        assert_eq!(page.status(), 200);
        assert_eq!(page.headers()["cache-control"], "no-store");
        let line = line(&page).unwrap();
        for part in ["; HttpOnly", "; SameSite=Lax", "; Path=/", "; Max-Age=3"] {
            assert!(line.contains(part), "{line}");
        }
        let new = new_cookie(&page).unwrap();
        assert_ne!(new, cookie);
        let (status, seen) = ask(&world, &new).await;
        assert_eq!(
            (status, &people::claims(&seen)["role"]),
            (200, &role.as_str().into())
        );
        until_dead(&world, &cookie, since).await;
        // Once is enough.
        assert_eq!(new_cookie(&go(&world, path, &new).await), None);
        cookie = new;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_pages_at_once_one_gets_the_cookie() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let auth = world.auth().await;
    let old = world.somebody.cookie.clone();
    give(&world, &auth, Role::User).await;
    until_role(&world, &old, "user").await;
    let pages = (0..16).map(|_| go(&world, "/grids/1", &old));
    let pages = futures_util::future::join_all(pages).await;
    let since = Stopwatch::start();
    let cookies: Vec<String> = pages.iter().filter_map(new_cookie).collect();
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    assert_eq!(ask(&world, &cookies[0]).await.0, 200);
    until_dead(&world, &old, since).await;
    // The others were served, or led to where the new cookie takes them back.
    for page in &pages {
        assert!(
            page.status() == 200 || page.url().path() == "/sign-in",
            "{page:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_gateway_refuses_the_old_cookie_too() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let another = world.another().await;
    let auth = world.auth().await;
    let old = world.somebody.cookie.clone();
    give(&world, &auth, Role::User).await;
    until_role(&world, &old, "user").await;
    let since = Stopwatch::start();
    let new = new_cookie(&go(&world, "/grids/1", &old).await).unwrap();
    for (cookie, wanted) in [(&old, 401), (&new, 200)] {
        eventually(SOON, async || {
            let request = world
                .client
                .get(format!("http://{}/api/v1/x", another.address));
            let request = request.header("host", format!("acme.{}:8080", crate::world::BASE));
            let request = request.header("cookie", format!("trellis={cookie}"));
            request.send().await.unwrap().status() == wanted
        })
        .await;
    }
    assert!(
        since.elapsed().as_millis() <= 1_000,
        "{:?}",
        since.elapsed()
    );
}
