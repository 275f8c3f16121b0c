//! A node API on a port of its own.

use actix_web::{App, web as actix};
use clock::Clock;
use cp_app::{cache::Cache, identity_keys::IdentityKeys, nodes::Nodes, push::Pushes};
use cp_domain::Ring;
use cp_node_api::{NodeApi, NodeRegistration, NodeRole};
use cp_store::seal::{KeyRing, Purpose, Sealer, new_key_line};
use db::{CentralDb, PoolSettings};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement, Value};
use secrecy::SecretString;
use testkit::TestDb;
use uuid::Uuid;
use web::{Edge, Listen};

pub struct World {
    pub nodes: Nodes,
    pub clock: Clock,
    database: TestDb,
    address: String,
    /// The one server, of the ring `general`.
    pub servers: Uuid,
}

/// What a node says of itself.
pub fn registration(name: &str) -> NodeRegistration {
    NodeRegistration {
        name: name.to_owned(),
        address: Some("127.0.0.1:8090".to_owned()),
        ring: "general".to_owned(),
        version: "1.0.0".to_owned(),
        roles: vec![NodeRole::Serve],
    }
}

impl World {
    pub async fn new() -> Self {
        let database = TestDb::central().await;
        let pool = PoolSettings {
            url: database.url().to_owned().into(),
            max_connections: 10,
            acquire_timeout_ms: 5_000,
            statement_timeout_ms: 5_000,
        };
        let db = CentralDb::connect(&pool).await.unwrap();
        let sealer = Sealer::new(KeyRing::parse(&new_key_line()).unwrap());
        let clock = testkit::clock();
        let pushes = Pushes::new(Cache::connect(testkit::redis().await.url()).unwrap());
        let keys = IdentityKeys::new(db.clone(), sealer.clone(), clock.clone());
        let nodes = Nodes {
            db,
            sealer,
            keys,
            pushes,
            clock: clock.clone(),
        };
        let address = serve(nodes.clone());
        let servers = Uuid::now_v7();
        let world = Self {
            nodes,
            clock,
            database,
            address,
            servers,
        };
        for ring in ["general", "early"] {
            let text = "INSERT INTO placement_groups VALUES (?, ?, ?, NOW(6))";
            world
                .execute(text, vec![group(ring).into(), ring.into(), ring.into()])
                .await;
        }
        let text = "INSERT INTO database_servers VALUES (?, 'db', ?, 'db.example', 3306, 'admin', '', 9, 1, NOW(6))";
        world
            .execute(text, vec![servers.into(), group("general").into()])
            .await;
        world
    }

    /// A client with this secret.
    pub fn client(&self, secret: SecretString) -> NodeApi {
        NodeApi::new(&self.address, secret).unwrap()
    }

    /// A client of a new node.
    pub async fn node(&self, name: &str, ring: Ring) -> NodeApi {
        self.client(self.nodes.create(name, ring).await.unwrap())
    }

    /// The keys as another process sees them.
    pub fn other_process_keys(&self) -> IdentityKeys {
        let Nodes { db, sealer, .. } = self.nodes.clone();
        IdentityKeys::new(db, sealer, self.clock.clone())
    }

    /// A tenant with a database.
    pub async fn tenant(&self, slug: &str, ring: &str, state: &str) -> Uuid {
        let id = Uuid::now_v7();
        self.execute("UPDATE catalogue_revision SET value = value + 1", vec![])
            .await;
        let text = "INSERT INTO tenants (id, slug, name, plan, state, generation, \
             placement_group_id, revision, created_at, updated_at) \
             SELECT ?, ?, ?, 'team', ?, 1, ?, value, NOW(6), NOW(6) FROM catalogue_revision";
        let values = vec![
            id.into(),
            slug.into(),
            slug.into(),
            state.into(),
            group(ring).into(),
        ];
        self.execute(text, values).await;
        let password = format!("password of {slug}");
        let sealed = self
            .nodes
            .sealer
            .seal(Purpose::TenantRuntime, id, password.as_bytes());
        let name: String = format!("t{}", &id.simple().to_string()[6..]);
        let text = "INSERT INTO tenant_databases VALUES (?, 1, ?, ?, '', 'r', ?, 'm', '', NOW(6))";
        let values = vec![
            id.into(),
            self.servers.into(),
            name.into(),
            sealed.unwrap().into(),
        ];
        self.execute(text, values).await;
        self.nodes.pushes.routes_changed(id.into()).await;
        id
    }

    /// Executes a statement in the central database.
    pub async fn execute(&self, text: &str, values: Vec<Value>) {
        let statement = Statement::from_sql_and_values(DbBackend::MySql, text, values);
        self.database.conn().execute_raw(statement).await.unwrap();
    }
}

fn group(ring: &str) -> Uuid {
    Uuid::from_u128(ring.len() as u128)
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
