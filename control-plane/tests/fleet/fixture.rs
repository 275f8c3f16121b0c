//! A control plane with a central database of its own, on the server of tests.

use std::time::Duration;

use clock::Clock;
use control_plane::{Parts, settings::Settings};
use cp_app::{
    fleet::{self, Accepted, AddServer, Architect, CreateTenant, Fleet, Requester},
    worker::{AccountLimits, Fault, Outcome, Worker, WorkerSettings},
};
use cp_domain::{OperationState, Ring};
use cp_store::{TenantDatabase, TenantDatabaseStore, TenantStore, seal::Purpose};
use kernel::{OperationId, TenantId};
use mysql::{Conn, Opts, prelude::Queryable};
use secrecy::{ExposeSecret as _, SecretString};
use testkit::{TestDb, TestRedis, eventually, services};
use url::Url;

/// How long anything may take.
pub const LIMIT: Duration = Duration::from_secs(20);

pub struct ControlPlane {
    pub parts: Parts,
    pub environment: Vec<(String, String)>,
    pub central: TestDb,
    _redis: TestRedis,
    tenants: Tenants,
}

/// Drops the databases and accounts that the test made, also when it failed.
struct Tenants {
    central: String,
}

impl Drop for Tenants {
    fn drop(&mut self) {
        let central = self.central.clone();
        let swept = std::thread::spawn(move || {
            let mut admin = admin();
            let rows: Vec<(String, String, String)> = admin
                .query(format!(
                    "SELECT database_name, runtime_user, migrator_user FROM {central}.tenant_databases"
                ))
                .unwrap_or_default();
            let sweepers: Vec<String> = admin
                .query(format!("SELECT user_name FROM {central}.sweep_accounts"))
                .unwrap_or_default();
            for sweeper in sweepers {
                let _ = admin.query_drop(format!("DROP USER IF EXISTS '{sweeper}'@'%'"));
            }
            for (database, runtime, migrator) in rows {
                let _ = admin.query_drop(format!("DROP DATABASE IF EXISTS `{database}`"));
                let _ = admin.query_drop(format!(
                    "DROP USER IF EXISTS '{runtime}'@'%', '{migrator}'@'%'"
                ));
            }
        });
        let _ = swept.join();
    }
}

/// The administrator's session on the server of tests.
pub fn admin() -> Conn {
    let url = format!("{}?prefer_socket=false", services().mariadb_admin_url);
    Conn::new(Opts::from_url(&url).unwrap()).unwrap()
}

/// An account with the rights that `control-plane migrate` gives: what a test shows to work, works
/// with those.
async fn serving_account(central: &TestDb) -> String {
    let account = central.account("USAGE").await;
    let admin = Url::parse(&services().mariadb_admin_url).unwrap();
    let target = |user: &str, password: &str| migrations::Target {
        host: central.host().to_owned(),
        port: central.port(),
        user: user.to_owned(),
        password: password.to_owned(),
        database: central.name().to_owned(),
    };
    let owner = target(admin.username(), admin.password().unwrap_or_default());
    let serving = target(&account.user, &account.password);
    let granted = move || migrations::central::grant(&owner, &serving).unwrap();
    tokio::task::spawn_blocking(granted).await.unwrap();
    account.url
}

impl ControlPlane {
    pub async fn new() -> Self {
        let central = TestDb::central().await;
        let redis = testkit::redis().await;
        let serving = serving_account(&central).await;
        let pairs = [
            ("CP__ENVIRONMENT", "development"),
            ("CP__PUBLIC_URL", "http://trellis.localhost:8080"),
            ("CP__DATABASE__URL", serving.as_str()),
            ("CP__REDIS__URL", redis.url()),
            ("CP__MAILER__URL", services().smtp_url.as_str()),
            ("CP__SESSIONS__INSECURE_COOKIES", "true"),
            ("CP__GATEWAY__LISTEN", "127.0.0.1:0"),
            ("CP__STAFF_API__LISTEN", "127.0.0.1:0"),
            ("CP__NODE_API__LISTEN", "127.0.0.1:0"),
            ("CP__WORK__LISTEN", "127.0.0.1:0"),
            ("CP__WORK__POLL_MS", "50"),
            (
                "CP__SECRETS__KEYS",
                "00000001:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            ),
            ("CP__PASSWORDS__MEMORY_KIB", "256"),
            ("CP__LOG__LEVEL", "warn"),
            ("CP__LOG__FORMAT", "text"),
        ];
        let environment: Vec<(String, String)> = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        let settings = Settings::load_from(None, environment.clone())
            .unwrap()
            .settings;
        let parts = Parts::new(settings, Clock::system()).await.unwrap();
        let tenants = Tenants {
            central: central.name().to_owned(),
        };
        let control_plane = Self {
            parts,
            environment,
            central,
            _redis: redis,
            tenants,
        };
        control_plane.add_server("default", "local").await;
        control_plane
    }

    pub fn fleet(&self) -> &Fleet {
        &self.parts.fleet
    }

    async fn add_server(&self, group: &str, name: &str) {
        let url = Url::parse(&services().mariadb_admin_url).unwrap();
        let requester = Requester::system();
        fleet::add_group(self.fleet(), &requester, group, Ring::General, None)
            .await
            .unwrap();
        let server = AddServer {
            name: name.to_owned(),
            placement_group: group.to_owned(),
            host: url.host_str().unwrap().to_owned(),
            port: url.port().unwrap(),
            admin_user: url.username().to_owned(),
            admin_password: SecretString::from(url.password().unwrap_or_default()),
            max_tenants: 100,
        };
        fleet::add_server(self.fleet(), &requester, server, None)
            .await
            .unwrap();
    }

    /// A worker with a fault or without. Its leases outlast every stall of a machine.
    pub fn worker(&self, fault: Option<Fault>) -> Worker {
        let settings = WorkerSettings {
            lease_ms: 60_000,
            step_attempts: 2,
            ..WorkerSettings::default()
        };
        let (fleet, auth) = (self.parts.fleet.clone(), self.parts.auth.clone());
        Worker::new(fleet, auth, settings, AccountLimits::default(), fault)
    }

    pub async fn ask_for(&self, slug: &str) -> Accepted {
        let command = command(slug);
        fleet::create_tenant(self.fleet(), &Requester::system(), command, None)
            .await
            .unwrap()
    }

    /// A tenant in service.
    pub async fn provision(&self, slug: &str) -> Accepted {
        let accepted = self.ask_for(slug).await;
        self.finish(accepted.operation_id, OperationState::Succeeded)
            .await;
        accepted
    }

    /// Has the lease of a dead worker, or the pause before a retry, run out by now.
    pub async fn lapse(&self, operation: OperationId) {
        let (central, id) = (self.central.name(), operation.as_uuid().simple());
        let lapsed = format!(
            "UPDATE {central}.operations SET lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND \
             WHERE id = x'{id}' AND lease_until IS NOT NULL"
        );
        let change = tokio::task::spawn_blocking(move || admin().query_drop(lapsed));
        change.await.unwrap().unwrap();
    }

    /// Lets a new worker carry the operation to this end, after whoever had it.
    pub async fn finish(&self, operation: OperationId, state: OperationState) {
        let worker = self.worker(None);
        let ended = eventually(LIMIT, async || {
            self.lapse(operation).await;
            match worker.carry_out(operation).await {
                Outcome::Again => None,
                outcome => Some(outcome),
            }
        })
        .await;
        assert!(
            matches!(ended, Outcome::Ended(end) if end == state),
            "{ended:?} instead of {state}: {:?}",
            self.operation(operation).await
        );
    }

    pub async fn operation(&self, id: OperationId) -> cp_domain::Operation {
        fleet::find_operation(self.fleet(), id)
            .await
            .unwrap()
            .unwrap()
            .0
            .operation
    }

    pub async fn database(&self, tenant: TenantId) -> TenantDatabase {
        let conn = self.parts.central.conn();
        let tenant = TenantStore::get(conn, tenant).await.unwrap();
        TenantDatabaseStore::find(conn, tenant.context())
            .await
            .unwrap()
            .unwrap()
    }

    /// A session with one of a tenant's accounts.
    pub fn session(
        &self,
        database: &TenantDatabase,
        purpose: Purpose,
        schema: Option<&str>,
    ) -> Result<Conn, mysql::Error> {
        let (user, sealed) = match purpose {
            Purpose::TenantMigrator => (&database.names.migrator_user, &database.migrator_password),
            _ => (&database.names.runtime_user, &database.runtime_password),
        };
        let sealer = &self.fleet().sealer;
        let password = sealer
            .open_text(purpose, database.tenant.tenant, sealed)
            .unwrap();
        let url = Url::parse(&services().mariadb_admin_url).unwrap();
        let options = mysql::OptsBuilder::new()
            .ip_or_hostname(url.host_str())
            .tcp_port(url.port().unwrap())
            .user(Some(user))
            .pass(Some(password.expose_secret()))
            .db_name(schema)
            .prefer_socket(false);
        Conn::new(options)
    }

    /// What is in the central database and on the server of a tenant, counted.
    pub async fn traces(&self, tenant: TenantId, slug: &str) -> Traces {
        let (central, slug) = (self.tenants.central.clone(), slug.to_owned());
        let id = hex(tenant);
        tokio::task::spawn_blocking(move || Traces::look(&central, &id, &slug))
            .await
            .unwrap()
    }
}

pub fn command(slug: &str) -> CreateTenant {
    CreateTenant {
        slug: slug.parse().unwrap(),
        name: format!("The {slug} company"),
        placement_group: fleet::DEFAULT_GROUP.to_owned(),
        plan: fleet::DEFAULT_PLAN.to_owned(),
        architect: Architect {
            name: "Ann Archer".to_owned(),
            email: format!("architect@{slug}.example").parse().unwrap(),
        },
    }
}

pub fn hex(tenant: TenantId) -> String {
    tenant.as_uuid().simple().to_string()
}

/// Counts of what a tenant leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traces {
    pub state: String,
    pub databases: u64,
    pub accounts: u64,
    pub tables: u64,
    pub memberships: u64,
    pub projected: u64,
    pub open_invitations: u64,
    pub mails: u64,
    pub seeds: Vec<u64>,
}

impl Traces {
    fn look(central: &str, id: &str, slug: &str) -> Self {
        let mut admin = admin();
        admin.select_db(central).unwrap();
        let mut count = |question: String| -> u64 {
            admin
                .query_first::<Option<u64>, _>(question)
                .unwrap()
                .flatten()
                .unwrap_or_default()
        };
        let memberships = count(format!(
            "SELECT COUNT(*) FROM memberships WHERE tenant_id = x'{id}'"
        ));
        let projected = count(format!(
            "SELECT COUNT(*) FROM memberships WHERE tenant_id = x'{id}' AND projected = version"
        ));
        let open_invitations = count(format!(
            "SELECT COUNT(*) FROM invitations WHERE tenant_id = x'{id}' AND revoked_at IS NULL"
        ));
        let mails = count("SELECT COUNT(*) FROM mail_outbox".to_owned());
        let state = admin
            .query_first(format!("SELECT state FROM tenants WHERE id = x'{id}'"))
            .unwrap()
            .unwrap_or_default();
        let mut traces = Self {
            state,
            databases: 0,
            accounts: 0,
            tables: 0,
            memberships,
            projected,
            open_invitations,
            mails,
            seeds: Vec::new(),
        };
        traces.look_at_server(&mut admin, id, slug);
        traces
    }

    /// Finds databases and accounts by what the plan of the tenant says, or by nothing when that
    /// is forgotten.
    fn look_at_server(&mut self, admin: &mut Conn, id: &str, _slug: &str) {
        let place: Option<(String, String, String, String)> = admin
            .query_first(format!(
                "SELECT database_name, nonce, runtime_user, migrator_user FROM tenant_databases \
                 WHERE tenant_id = x'{id}'"
            ))
            .unwrap();
        let Some((database, nonce, runtime, migrator)) = place else {
            return;
        };
        let mut count = |question: String| -> u64 {
            admin
                .query_first::<Option<u64>, _>(question)
                .unwrap()
                .flatten()
                .unwrap_or_default()
        };
        self.databases = count(format!(
            "SELECT COUNT(*) FROM information_schema.schemata \
             WHERE schema_comment = 'trellis:{nonce}'"
        ));
        self.accounts = count(format!(
            "SELECT COUNT(*) FROM mysql.user WHERE user IN ('{runtime}', '{migrator}')"
        ));
        self.tables = count(format!(
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '{database}'"
        ));
        if self.tables > 0 {
            for table in [
                "tenant",
                "event_counter",
                "member_groups",
                "folders",
                "grants",
                "labels",
                "members",
            ] {
                self.seeds
                    .push(count(format!("SELECT COUNT(*) FROM {database}.{table}")));
            }
        }
    }
}
