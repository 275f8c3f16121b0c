//! What ends somebody's access ends it within a second: on every gateway, and for sockets that are
//! open.

use std::{net::SocketAddr, time::Duration};

use chrono::{TimeDelta, Utc};
use clock::Clock;
use cp_app::{
    Auth, Client,
    members::{Administrator, MemberChange, archive_member, change_member},
    policies::{PlatformChange, PolicyWriter, put_people_policy, put_tenant_policy},
    push::Push,
    scim::{Directory, patch_user},
    sessions::{CachedSession, PresentedCredential, TenantHost, revoke_session},
    sso::{OidcSettings, back_channel_logout},
};
use cp_domain::{StaffRole, access_policy::TenantRolePolicy};
use cp_gateway::GatewaySettings;
use kernel::{IfMatch, RequestId, Role, TenantId};
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::{Proxy, Stopwatch, TestProvider, eventually, within};
use tokio::{io::AsyncReadExt as _, net::TcpStream};
use uuid::Uuid;

use crate::{
    node::GoodNode,
    people::{self, Somebody},
    tunnels::open_at,
    world::{Another, BASE, SOON, Wish, World},
};

/// The bar.
const A_SECOND: Duration = Duration::from_secs(1);

/// Two gateways, and somebody with a socket through each.
struct Scene {
    world: World,
    another: Another,
    somebody: Somebody,
    sockets: Vec<TcpStream>,
}

impl Scene {
    async fn new(node: &GoodNode) -> Self {
        let world = World::with(&[&node.address]).await;
        let another = world.another().await;
        Self::of(world, another).await
    }

    async fn of(world: World, another: Another) -> Self {
        let somebody = people::somebody(world.db.conn(), world.tenant).await;
        let mut scene = Self {
            world,
            another,
            somebody,
            sockets: Vec::new(),
        };
        scene.open().await;
        scene
    }

    /// Somebody else, with sockets of their own.
    async fn next(self) -> Self {
        Self::of(self.world, self.another).await
    }

    fn gateways(&self) -> [SocketAddr; 2] {
        [self.world.address, self.another.address]
    }

    async fn open(&mut self) {
        for address in self.gateways() {
            let cookie = format!("cookie: trellis={}\r\n", self.somebody.cookie);
            let token = format!("authorization: Bearer {}\r\n", self.somebody.token);
            for credential in [cookie, token] {
                let (head, stream) = open_at(address, &credential).await;
                assert!(head.starts_with("HTTP/1.1 101"), "{head}");
                self.sockets.push(stream);
            }
            for (status, _) in self.ask(address).await {
                assert_eq!(status, 200);
            }
        }
    }

    /// Asks one gateway with the cookie and with the token.
    async fn ask(&self, address: SocketAddr) -> Vec<(StatusCode, Value)> {
        let mut answers = Vec::new();
        for (name, value) in [
            ("cookie", format!("trellis={}", self.somebody.cookie)),
            ("authorization", format!("Bearer {}", self.somebody.token)),
        ] {
            let url = format!("http://{address}/api/v1/x");
            let request = self.world.client.get(url).header(name, value);
            let answer = request
                .header("host", format!("acme.{BASE}:8080"))
                .send()
                .await
                .unwrap();
            answers.push((answer.status(), answer.json().await.unwrap_or_default()));
        }
        answers
    }

    /// Goes on when, within a second of `since`, every answer of every gateway is as wanted and
    /// every socket among these is closed.
    async fn within_a_second(
        &mut self,
        since: Stopwatch,
        sockets: &[usize],
        wanted: impl Fn(usize, &(StatusCode, Value)) -> bool,
    ) {
        eventually(SOON, async || {
            for address in self.gateways() {
                let answers = self.ask(address).await;
                if !answers
                    .iter()
                    .enumerate()
                    .all(|(at, answer)| wanted(at, answer))
                {
                    return false;
                }
            }
            true
        })
        .await;
        for at in sockets {
            let mut rest = Vec::new();
            let closed = self.sockets[*at].read_to_end(&mut rest);
            within(SOON, closed).await.unwrap().unwrap();
        }
        assert!(since.elapsed() <= A_SECOND, "{:?}", since.elapsed());
    }

    async fn execute(&self, text: &str, id: Uuid) {
        people::execute(self.world.db.conn(), text, vec![id.into()]).await;
    }
}

fn refused(_: usize, (status, _): &(StatusCode, Value)) -> bool {
    *status == 401
}

fn policy_refused(_: usize, (status, body): &(StatusCode, Value)) -> bool {
    *status == 403 && body["code"] == "policy_refused"
}

const ALL: [usize; 4] = [0, 1, 2, 3];
/// Those that were opened with the cookie.
const COOKIES: [usize; 2] = [0, 2];

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_revoked() {
    let node = GoodNode::start();
    let mut scene = Scene::new(&node).await;
    let auth = scene.world.auth().await;
    let (member, session) = (scene.somebody.member.into(), scene.somebody.session.into());
    let since = Stopwatch::start();
    revoke_session(&auth, member, session).await.unwrap();
    let wanted = |at: usize, answer: &(StatusCode, Value)| match at {
        0 => answer.0 == 401,
        _ => answer.0 == 200,
    };
    scene.within_a_second(since, &COOKIES, wanted).await;
    // The token goes on, its sockets too.
    for at in [1, 3] {
        let pending = tokio::time::timeout(Duration::from_millis(50), scene.sockets[at].read_u8());
        // The greeting of the node is all that is there.
        assert!(pending.await.is_ok_and(|byte| byte.is_ok()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_at_its_provider() {
    let node = GoodNode::start();
    let mut scene = Scene::new(&node).await;
    let idp = TestProvider::start(Clock::system()).await;
    let auth = scene.world.auth().await.with_sso(&OidcSettings {
        allow_loopback: true,
        ..OidcSettings::default()
    });
    let (conn, tenant) = (scene.world.db.conn(), scene.world.tenant);
    let connection = people::connection(conn, tenant, &idp.issuer()).await;
    people::came_by(conn, &scene.somebody, connection, "zoe", "one").await;
    let (host, request_id) = (host_of(tenant), auth.clock.new_request_id());
    let tell = async |sid: &str| {
        let token = idp.logout_token(&[("sub", Some(json!("zoe"))), ("sid", Some(json!(sid)))]);
        back_channel_logout(&auth, &host, connection.into(), &token, &request_id).await
    };
    // Of another of their sessions: this one goes on, and the provider's keys are known.
    assert_eq!(tell("two").await.unwrap(), 0);
    for address in scene.gateways() {
        assert_eq!(scene.ask(address).await[0].0, 200);
    }
    let since = Stopwatch::start();
    assert_eq!(tell("one").await.unwrap(), 1);
    let wanted = |at: usize, answer: &(StatusCode, Value)| at == 1 || answer.0 == 401;
    scene.within_a_second(since, &COOKIES, wanted).await;
}

fn host_of(tenant: Uuid) -> TenantHost {
    TenantHost {
        tenant_id: tenant.into(),
        slug: "acme".into(),
        name: "acme".into(),
    }
}

/// An architect of the tenant at work.
struct Office {
    auth: Auth,
    host: TenantHost,
    session: CachedSession,
    request_id: RequestId,
}

impl Office {
    async fn of(scene: &Scene) -> Self {
        let auth = scene.world.auth().await;
        let tenant: TenantId = scene.world.tenant.into();
        let architect = people::architect(scene.world.db.conn(), scene.world.tenant).await;
        let shown = PresentedCredential::from_cookie(&architect.cookie).unwrap();
        let session = auth
            .directory
            .resolve(tenant, &shown)
            .await
            .unwrap()
            .unwrap();
        Self {
            request_id: auth.clock.new_request_id(),
            auth,
            host: host_of(scene.world.tenant),
            session,
        }
    }

    fn administrator(&self) -> Administrator<'_> {
        Administrator {
            tenant: &self.host,
            session: &self.session,
            request_id: &self.request_id,
        }
    }

    /// Lays down a policy, as from the architects' pages and API.
    async fn lay_down(&self, policy: &Value) {
        let policy: TenantRolePolicy = serde_json::from_value(policy.clone()).unwrap();
        let client = Client::new(None, None, "test".into());
        let by = PolicyWriter {
            session: &self.session,
            client: &client,
            request_id: &self.request_id,
        };
        put_tenant_policy(&self.auth, by, &policy, IfMatch::Any, true)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_is_archived() {
    let node = GoodNode::start();
    let mut scene = Scene::new(&node).await;
    let office = Office::of(&scene).await;
    let member = scene.somebody.member.into();
    let since = Stopwatch::start();
    archive_member(&office.auth, &office.administrator(), member, IfMatch::Any)
        .await
        .unwrap();
    scene.within_a_second(since, &ALL, refused).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_is_not_active_in_the_directory() {
    let node = GoodNode::start();
    let mut scene = Scene::new(&node).await;
    let office = Office::of(&scene).await;
    let directory = Directory {
        tenant: office.host.tenant_id,
        token: office.auth.clock.new_id(),
        base: "http://acme.trellis.localhost:8080/scim/v2".to_owned(),
        request_id: office.request_id.as_str().to_owned(),
    };
    let patch = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "active", "value": false}],
    });
    let member = scene.somebody.member.into();
    let since = Stopwatch::start();
    patch_user(&office.auth, &directory, member, None, &patch)
        .await
        .unwrap();
    scene.within_a_second(since, &ALL, refused).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_changed() {
    let node = GoodNode::start();
    let mut scene = Scene::new(&node).await;
    let office = Office::of(&scene).await;
    let change = MemberChange {
        role: Some(Role::User),
        external: None,
    };
    let member = scene.somebody.member.into();
    let since = Stopwatch::start();
    change_member(
        &office.auth,
        &office.administrator(),
        member,
        change,
        IfMatch::Any,
    )
    .await
    .unwrap();
    // Whoever goes on, goes on as what they are now.
    let wanted = |_: usize, (status, body): &(StatusCode, Value)| {
        *status == 401 || (*status == 200 && people::claims(body)["role"] == "user")
    };
    scene.within_a_second(since, &ALL, wanted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_policy_that_refuses_now() {
    let node = GoodNode::start();
    let mut scene = Scene::new(&node).await;
    let office = Office::of(&scene).await;
    let policy = json!({"roles": {"builder": {"networks": ["192.0.2.0/24"]}}});
    let since = Stopwatch::start();
    office.lay_down(&policy).await;
    scene.within_a_second(since, &ALL, policy_refused).await;
    // Taken back, the same session is in again: it was never ended.
    office.lay_down(&json!({})).await;
    eventually(SOON, async || {
        let answers = scene.ask(scene.another.address).await;
        answers.iter().all(|(status, _)| *status == 200)
    })
    .await;
    // And once more, when nobody tells.
    let mut scene = scene.next().await;
    let tenant = scene.world.tenant;
    people::policy(scene.world.db.conn(), tenant, &policy).await;
    scene
        .within_a_second(Stopwatch::start(), &ALL, policy_refused)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_of_the_platform_that_refuses_now() {
    let node = GoodNode::start();
    let mut scene = Scene::new(&node).await;
    let auth = scene.world.auth().await;
    let policy = json!({"everyone": {"networks": ["192.0.2.0/24"]}});
    let policy: TenantRolePolicy = serde_json::from_value(policy).unwrap();
    let (client, request_id) = (
        Client::new(None, None, "test".into()),
        auth.clock.new_request_id(),
    );
    let by = PlatformChange {
        staff: people::staff(scene.world.db.conn()).await.into(),
        role: StaffRole::Security,
        client: &client,
        request_id: &request_id,
        including_me: true,
    };
    let since = Stopwatch::start();
    put_people_policy(&auth, by, &policy, IfMatch::Any)
        .await
        .unwrap();
    scene.within_a_second(since, &ALL, policy_refused).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_is_suspended() {
    let node = GoodNode::start();
    let mut scene = Scene::new(&node).await;
    people::change_tenant(
        scene.world.db.conn(),
        scene.world.tenant,
        "state = 'suspended'",
    )
    .await;
    let since = Stopwatch::start();
    scene
        .world
        .pushes
        .routes_changed(scene.world.tenant.into())
        .await;
    let wanted = |_: usize, (status, body): &(StatusCode, Value)| {
        *status == 403 && body["code"] == "tenant_suspended"
    };
    scene.within_a_second(since, &ALL, wanted).await;
}

/// A world whose Redis is behind a proxy.
async fn with_redis_behind(proxy: &Proxy, node: &GoodNode) -> World {
    World::new(Wish {
        nodes: &[&node.address],
        redis_proxy: Some(proxy),
        ..Wish::default()
    })
    .await
}

/// Redis does not even refuse, so that no connection tells that it is away.
#[tokio::test(flavor = "multi_thread")]
async fn what_ended_here_while_redis_was_silent_is_refused_at_once() {
    let node = GoodNode::start();
    let proxy = Proxy::to(&testkit::services().redis_url).await;
    let world = with_redis_behind(&proxy, &node).await;
    let another = world.another().await;
    let scene = Scene::of(world, another).await;
    let world = &scene.world;
    let text = "UPDATE sessions SET revoked_at = NOW(6) WHERE id = ?";
    scene.execute(text, scene.somebody.session).await;
    proxy.fall_silent();
    assert_eq!(scene.ask(world.address).await[0].0, 200, "from memory");
    let member = scene.somebody.member.into();
    world.directory.member_changed(member).await;
    assert_eq!(scene.ask(world.address).await[0].0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_hear_any_more_is_told_to_look_at_everything() {
    let node = GoodNode::start();
    let proxy = Proxy::to(&testkit::services().redis_url).await;
    let world = with_redis_behind(&proxy, &node).await;
    let mut heard = world.pushes.subscribe();
    proxy.close();
    let told = within(SOON, heard.recv()).await;
    assert_eq!(told.unwrap(), Ok(Push::Lost));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_while_nothing_could_be_told() {
    let node = GoodNode::start();
    let proxy = Proxy::to(&testkit::services().redis_url).await;
    let world = with_redis_behind(&proxy, &node).await;
    let another = world.another().await;
    let mut scene = Scene::of(world, another).await;
    let text = "UPDATE sessions SET revoked_at = NOW(6) WHERE id = ?";
    scene.execute(text, scene.somebody.session).await;
    // Redis was emptied and told nobody; then the connections break.
    let mut connection = scene.world.redis.connection();
    redis::cmd("FLUSHDB")
        .exec_async(&mut connection)
        .await
        .unwrap();
    let since = Stopwatch::start();
    proxy.cut();
    let wanted = |at: usize, answer: &(StatusCode, Value)| at == 1 || answer.0 == 401;
    scene.within_a_second(since, &COOKIES, wanted).await;
}

/// Lays down a policy that admits, by way of another, so that this one is known to be in force.
async fn put_in_force(world: &World, policy: &Value) {
    let nobody = json!({"everyone": {"networks": ["192.0.2.1"]}});
    for (policy, status) in [(&nobody, 403), (policy, 200)] {
        people::policy(world.db.conn(), world.tenant, policy).await;
        world.pushes.routes_changed(world.tenant.into()).await;
        eventually(SOON, async || {
            world.get("/api/v1/x").send().await.unwrap().status() == status
        })
        .await;
    }
}

/// A world that looks at sessions often, and a socket in it whose session was left alone for too
/// long since it was opened. Nobody tells of that.
async fn left_alone(node: &GoodNode, policy: &Value) -> (World, TcpStream) {
    let world = World::new(Wish {
        nodes: &[&node.address],
        settings: GatewaySettings {
            recheck_ms: 600,
            ..GatewaySettings::default()
        },
        ..Wish::default()
    })
    .await;
    put_in_force(&world, policy).await;
    let cookie = format!("cookie: trellis={}\r\n", world.somebody.cookie);
    let (head, socket) = open_at(world.address, &cookie).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    let text = "UPDATE sessions SET last_seen_at = NOW(6) - INTERVAL 4 DAY WHERE id = ?";
    people::execute(world.db.conn(), text, vec![world.somebody.session.into()]).await;
    // The kept entry is gone, as it is at the end of the time for which it is good.
    let mut redis = world.redis.connection();
    redis::cmd("FLUSHDB").exec_async(&mut redis).await.unwrap();
    (world, socket)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_left_alone_for_too_long_where_hours_matter() {
    let node = GoodNode::start();
    let days = json!([
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday"
    ]);
    let hours = json!([{"days": days, "from": "00:00", "until": "24:00"}]);
    let policy = json!({"time_zone": "UTC", "everyone": {"hours": hours}});
    let (_world, mut socket) = left_alone(&node, &policy).await;
    let mut rest = Vec::new();
    within(SOON, socket.read_to_end(&mut rest))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_left_alone_for_too_long_while_the_catalogue_never_rests() {
    let node = GoodNode::start();
    let (world, mut socket) = left_alone(&node, &json!({})).await;
    let unrest = async {
        loop {
            people::change_tenant(world.db.conn(), world.tenant, "updated_at = NOW(6)").await;
            world.pushes.routes_changed(world.tenant.into()).await;
        }
    };
    let mut rest = Vec::new();
    tokio::select! {
        () = unrest => {}
        closed = within(SOON, socket.read_to_end(&mut rest)) => {
            closed.unwrap().unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_that_are_over_and_a_session_that_has_run_out() {
    let node = GoodNode::start();
    let clock = Clock::fixed(Utc::now());
    let world = World::new(Wish {
        nodes: &[&node.address],
        clock: clock.clone(),
        ..Wish::default()
    })
    .await;
    // Every day but the one after tomorrow.
    let days = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let closed = (clock.now() + TimeDelta::days(2))
        .format("%A")
        .to_string()
        .to_lowercase();
    let days: Vec<_> = days.into_iter().filter(|day| *day != closed).collect();
    let hours = json!([{"days": days, "from": "00:00", "until": "24:00"}]);
    let policy = json!({"time_zone": "UTC", "everyone": {"hours": hours}, "tokens": {}});
    let text = "UPDATE sessions SET expires_at = NOW(6) + INTERVAL 5 DAY WHERE id = ?";
    people::execute(world.db.conn(), text, vec![world.somebody.session.into()]).await;
    let text = "UPDATE access_tokens SET expires_at = NOW(6) + INTERVAL 1 DAY WHERE member_id = ?";
    people::execute(world.db.conn(), text, vec![world.somebody.member.into()]).await;
    put_in_force(&world, &policy).await;
    let cookie = format!("cookie: trellis={}\r\n", world.somebody.cookie);
    let token = format!("authorization: Bearer {}\r\n", world.somebody.token);
    let (head, mut by_cookie) = open_at(world.address, &cookie).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    let (head, mut by_token) = open_at(world.address, &token).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    clock.advance(TimeDelta::days(2));
    let since = Stopwatch::start();
    let mut rest = Vec::new();
    by_cookie.read_to_end(&mut rest).await.unwrap();
    by_token.read_to_end(&mut rest).await.unwrap();
    assert!(since.elapsed() <= A_SECOND, "{:?}", since.elapsed());
}
