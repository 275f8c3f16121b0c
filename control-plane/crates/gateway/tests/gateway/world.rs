//! A gateway with a tenant and somebody in it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use actix_web::{App, HttpMessage as _, HttpRequest, HttpResponse, web as actix};
use clock::Clock;
use cp_app::{
    Auth, CentralPlacements, Links, SessionSettings,
    access::{Access, AccessSettings},
    cache::Cache,
    identity_keys::IdentityKeys,
    nodes::Nodes,
    passwords::{PasswordSettings, Passwords},
    push::Pushes,
    routes::RouteDirectory,
    sessions::{PeopleHost, SessionDirectory, TenantHost, TenantSession},
};
use cp_gateway::{Door, Gateway, GatewayParts, GatewaySettings, HostSettings};
use cp_store::seal::{KeyRing, Sealer, new_key_line};
use db::{CentralDb, PoolBudget, PoolSettings, TenantPools};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::json;
use testkit::{Account, Proxy, TestDb, TestRedis, eventually};
use uuid::Uuid;
use web::{Edge, Listen, health::Health};

use crate::people::{self, Somebody};

pub const BASE: &str = "trellis.localhost";
pub const SOON: Duration = Duration::from_secs(5);

/// Everything that a test needs.
pub struct World {
    pub db: TestDb,
    pub account: Account,
    pub redis: TestRedis,
    pub gateway: Gateway,
    pub pushes: Pushes,
    pub directory: SessionDirectory,
    pub group: Uuid,
    pub tenant: Uuid,
    pub somebody: Somebody,
    pub address: SocketAddr,
    pub client: Client,
    ground: Ground,
}

/// What the gateways of a world stand on.
#[derive(Clone)]
struct Ground {
    database_url: String,
    redis_url: String,
    key: String,
    settings: GatewaySettings,
    access: AccessSettings,
    clock: Clock,
}

/// Another gateway of a world, as on another node.
pub struct Another {
    pub address: SocketAddr,
}

/// What a test may want otherwise.
pub struct Wish<'a> {
    pub nodes: &'a [&'a str],
    pub settings: GatewaySettings,
    pub access: AccessSettings,
    pub clock: Clock,
    /// Stands before the database.
    pub proxy: Option<&'a Proxy>,
    /// Stands before Redis.
    pub redis_proxy: Option<&'a Proxy>,
}

impl Default for Wish<'_> {
    fn default() -> Self {
        let settings = GatewaySettings {
            connect_timeout_ms: 500,
            first_byte_timeout_ms: 2_000,
            idle_timeout_ms: 2_000,
            ..GatewaySettings::default()
        };
        Self {
            nodes: &[],
            settings,
            access: AccessSettings::default(),
            clock: Clock::system(),
            proxy: None,
            redis_proxy: None,
        }
    }
}

impl World {
    /// A world whose nodes are at these addresses.
    pub async fn with(nodes: &[&str]) -> Self {
        Self::new(Wish {
            nodes,
            ..Wish::default()
        })
        .await
    }

    /// A world whose gateway reaches the database through a proxy.
    pub async fn behind(proxy: &Proxy, nodes: &[&str]) -> Self {
        Self::new(Wish {
            nodes,
            proxy: Some(proxy),
            ..Wish::default()
        })
        .await
    }

    pub async fn new(wish: Wish<'_>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let db = TestDb::central().await;
        let group = people::placement_group(db.conn(), "general").await;
        let tenant = people::tenant(db.conn(), group, "acme").await;
        let somebody = people::somebody(db.conn(), tenant).await;
        for (number, address) in wish.nodes.iter().enumerate() {
            people::node(db.conn(), &format!("node-{number}"), "general", address).await;
        }
        let account = db.account("ALL PRIVILEGES").await;
        let redis = testkit::redis().await;
        let database_url = wish
            .proxy
            .map_or_else(|| account.url.clone(), |proxy| proxy.url(&account.url));
        let ground = Ground {
            database_url,
            redis_url: wish
                .redis_proxy
                .map_or_else(|| redis.url().to_owned(), |proxy| proxy.url(redis.url())),
            key: new_key_line(),
            settings: wish.settings,
            access: wish.access,
            clock: wish.clock,
        };
        let made = ground.assemble().await;
        let address = made.serve();
        made.until_ready(wish.nodes.len()).await;
        let Made {
            gateway,
            pushes,
            directory,
            ..
        } = made;
        let client = Client::builder().build().unwrap();
        Self {
            db,
            account,
            redis,
            gateway,
            pushes,
            directory,
            group,
            tenant,
            somebody,
            address,
            client,
            ground,
        }
    }

    /// The hash by which somebody's session is kept.
    pub fn session_hash(&self) -> String {
        hex_of(&self.somebody.cookie)
    }

    /// What the use cases work with, in another process.
    pub async fn auth(&self) -> Auth {
        self.ground.auth().await
    }

    /// Another gateway on the same servers.
    pub async fn another(&self) -> Another {
        let made = self.ground.assemble().await;
        let address = made.serve();
        made.until_ready(self.gateway.nodes()).await;
        Another { address }
    }

    /// A request to the tenant's host, with nobody's credential.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.at("acme", method, path)
    }

    /// A request to a host.
    pub fn at(&self, label: &str, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.address);
        self.client
            .request(method, url)
            .header("host", format!("{label}.{BASE}:8080"))
    }

    /// A request with somebody's cookie.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path)
            .header("cookie", format!("trellis={}", self.somebody.cookie))
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }
}

/// A gateway that is put together.
struct Made {
    gateway: Gateway,
    health: Health,
    pushes: Pushes,
    directory: SessionDirectory,
}

impl Ground {
    async fn auth(&self) -> Auth {
        let pool = PoolSettings {
            url: self.database_url.clone().into(),
            max_connections: 4,
            acquire_timeout_ms: 2_000,
            statement_timeout_ms: 2_000,
        };
        let db = CentralDb::connect(&pool).await.unwrap();
        let sealer = Arc::new(Sealer::new(KeyRing::parse(&self.key).unwrap()));
        let placements = CentralPlacements::new(db.clone(), Arc::clone(&sealer));
        Auth::new(
            db,
            TenantPools::new(PoolBudget::default(), Arc::new(placements)),
            Cache::connect(&self.redis_url).unwrap(),
            self.clock.clone(),
            sealer,
            Passwords::new(PasswordSettings::default()).unwrap(),
            Links::new(&format!("http://{BASE}:8080")).unwrap(),
            SessionSettings::default(),
        )
    }

    async fn assemble(&self) -> Made {
        let pool = PoolSettings {
            url: self.database_url.clone().into(),
            max_connections: 4,
            acquire_timeout_ms: 500,
            statement_timeout_ms: 2_000,
        };
        let db = CentralDb::connect(&pool).await.unwrap();
        let sealer = Sealer::new(KeyRing::parse(&self.key).unwrap());
        let cache = Cache::connect(&self.redis_url).unwrap();
        let clock = self.clock.clone();
        let pushes = Pushes::new(cache.clone());
        let keys = IdentityKeys::new(db.clone(), sealer.clone(), clock.clone());
        let placements = CentralPlacements::new(db.clone(), Arc::new(sealer.clone()));
        let pools = TenantPools::new(PoolBudget::default(), Arc::new(placements));
        let directory = SessionDirectory::new(db.clone(), pools, cache, clock.clone());
        let access = Access::new(&self.access, db.clone(), clock.clone()).unwrap();
        let health = Health::new();
        let parts = GatewayParts {
            routes: RouteDirectory::new(db.clone()),
            sessions: directory.clone(),
            access,
            keys: keys.clone(),
            nodes: Nodes {
                db,
                sealer,
                keys,
                pushes: pushes.clone(),
                clock: clock.clone(),
            },
            pushes: pushes.clone(),
            clock,
            health: health.clone(),
        };
        let host = HostSettings {
            base_domain: BASE.to_owned(),
            https: false,
            insecure_cookies: true,
        };
        Made {
            gateway: Gateway::new(parts, host, self.settings.clone()),
            health,
            pushes,
            directory,
        }
    }
}

impl Made {
    fn serve(&self) -> SocketAddr {
        serve(self.gateway.clone(), self.health.clone())
    }

    async fn until_ready(&self, nodes: usize) {
        eventually(SOON, async || {
            self.health.is_ready() && self.gateway.nodes() == nodes
        })
        .await;
    }
}

fn serve(gateway: Gateway, health: Health) -> SocketAddr {
    let listen = Listen {
        address: "127.0.0.1:0".parse().unwrap(),
        workers: 1,
    };
    let door = gateway.clone();
    let bound = web::bind(listen, move || {
        App::new()
            .wrap(Door::new(door.clone()))
            .wrap(Edge::new(Clock::system()))
            .app_data(health.clone())
            .configure(web::health::configure)
            .configure(web::configure_app)
            .route("/auth/v1/session", actix::get().to(in_process))
            .route("/auth/v1/sign-out", actix::post().to(in_process))
            .route("/access-refused", actix::get().to(in_process))
            .route("/scim/v2/Users", actix::get().to(in_process))
            .route("/oauth/token", actix::post().to(in_process))
            .route("/api/v1/members", actix::post().to(in_process))
            .route("/accounts", actix::get().to(at_home))
            .route("/accounts", actix::post().to(at_home))
    })
    .unwrap();
    let address = bound.addresses()[0];
    tokio::spawn(async move { gateway.run(std::future::pending()).await });
    tokio::spawn(bound.run(std::future::pending()));
    address
}

/// Stands for the routes of the host of people.
async fn at_home(request: HttpRequest) -> HttpResponse {
    let extensions = request.extensions();
    HttpResponse::Ok().json(json!({
        "people": extensions.get::<PeopleHost>().is_some(),
        "tenant": extensions.get::<TenantHost>().is_some(),
        "session": extensions.get::<TenantSession>().is_some(),
    }))
}

fn hex_of(secret: &str) -> String {
    use sha2::Digest as _;
    let hash: [u8; 32] = sha2::Sha256::digest(secret.as_bytes()).into();
    cp_domain::TokenHash::new(hash).to_string()
}

/// Stands for the routes of the control plane.
async fn in_process(
    host: actix::ReqData<TenantHost>,
    session: actix::ReqData<TenantSession>,
) -> HttpResponse {
    let session = session.into_inner().0;
    HttpResponse::Ok().json(json!({
        "in_process": true,
        "slug": host.slug.to_string(),
        "member": session.map(|session| session.member_id),
    }))
}
