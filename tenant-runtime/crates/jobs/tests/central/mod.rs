//! A control plane's node API on a port of its own, with a central database.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up fails"
)]

use actix_web::{App, web as actix};
use clock::Clock;
use cp_app::{cache::Cache, identity_keys::IdentityKeys, nodes::Nodes, push::Pushes};
use cp_domain::Ring;
use cp_node_api::NodeApi;
use cp_store::{
    TimerRunStore,
    seal::{KeyRing, Sealer, new_key_line},
};
use db::{CentralDb, PoolSettings};
use kernel::TenantContext;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement, Value};
use testkit::{TestDb, TestRedis};
use uuid::Uuid;
use web::{Edge, Listen};

pub struct Central {
    pub address: String,
    pub nodes: Nodes,
    database: TestDb,
    _redis: TestRedis,
}

impl Central {
    pub async fn new(clock: &Clock) -> Self {
        let (database, redis) = (TestDb::central().await, testkit::redis().await);
        let pool = PoolSettings {
            url: database.url().to_owned().into(),
            max_connections: 10,
            acquire_timeout_ms: 5_000,
            statement_timeout_ms: 5_000,
        };
        let db = CentralDb::connect(&pool).await.unwrap();
        let sealer = Sealer::new(KeyRing::parse(&new_key_line()).unwrap());
        let nodes = Nodes {
            keys: IdentityKeys::new(db.clone(), sealer.clone(), clock.clone()),
            pushes: Pushes::new(Cache::connect(redis.url()).unwrap()),
            clock: clock.clone(),
            sealer,
            db,
        };
        let central = Self {
            address: serve(nodes.clone()),
            nodes,
            database,
            _redis: redis,
        };
        let id: Value = Uuid::nil().into();
        let group = "INSERT INTO placement_groups VALUES (?, 'all', 'general', NOW(6))";
        central.execute(group, vec![id.clone()]).await;
        let server = "INSERT INTO database_servers \
             VALUES (?, 'db', ?, 'db.example', 3306, 'admin', '', 9, 1, NOW(6))";
        central.execute(server, vec![id.clone(), id]).await;
        central
    }

    /// The API as a new node has it.
    pub async fn node(&self, name: &str) -> NodeApi {
        let secret = self.nodes.create(name, Ring::General).await.unwrap();
        NodeApi::new(&self.address, secret).unwrap()
    }

    /// Makes a tenant known, in service.
    pub async fn tenant(&self, tenant: TenantContext) {
        let id = tenant.tenant.as_uuid();
        let slug = id.simple().to_string();
        let text = "INSERT INTO tenants (id, slug, name, plan, state, generation, \
             placement_group_id, revision, created_at, updated_at) \
             VALUES (?, ?, 'A tenant', 'team', 'active', 1, ?, 1, NOW(6), NOW(6))";
        let values = vec![id.into(), slug.as_str().into(), Uuid::nil().into()];
        self.execute(text, values).await;
        let text = "INSERT INTO tenant_databases VALUES (?, 1, ?, ?, '', 'r', '', 'm', '', NOW(6))";
        let name = format!("t{}", &slug[6..]);
        let values = vec![id.into(), Uuid::nil().into(), name.into()];
        self.execute(text, values).await;
    }

    /// Staff ask for a run.
    pub async fn ask(&self, timer: &str) {
        let id = self.nodes.clock.new_id();
        let (of, now) = ((Ring::General, timer), self.nodes.clock.now());
        TimerRunStore::ask(self.database.conn(), id, of, None, now)
            .await
            .unwrap();
    }

    /// A whole number from a statement.
    pub async fn count(&self, sql: &str) -> i64 {
        testkit::number(self.database.conn(), sql).await
    }

    /// How many runs are in a state.
    pub async fn runs(&self, state: &str) -> i64 {
        self.count(&format!(
            "SELECT COUNT(*) FROM timer_runs WHERE state = '{state}'"
        ))
        .await
    }

    async fn execute(&self, text: &str, values: Vec<Value>) {
        let statement = Statement::from_sql_and_values(DbBackend::MySql, text, values);
        self.database.conn().execute_raw(statement).await.unwrap();
    }
}

fn serve(nodes: Nodes) -> String {
    let listen = Listen {
        address: "127.0.0.1:0".parse().unwrap(),
        workers: 1,
    };
    let bound = web::bind(listen, move || {
        App::new()
            .wrap(Edge::new(Clock::system()))
            .app_data(actix::Data::new(nodes.clone()))
            .configure(web::configure_app)
            .configure(cp_http::node::configure)
    })
    .unwrap();
    let address = format!("http://{}", bound.addresses()[0]);
    tokio::spawn(bound.run(std::future::pending()));
    address
}
