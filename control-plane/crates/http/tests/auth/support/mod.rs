//! A stage for tests: central database, Redis, tenants with databases, and the routes.

mod browser;
mod factors;
mod site;
mod tenants;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use clock::Clock;
use cp_app::{
    Auth, CentralPlacements, Links, SessionSettings,
    cache::Cache,
    passwords::{PasswordSettings, Passwords},
};
use cp_domain::Email;
use cp_store::{
    MembershipStore, Person, PersonStore, StoreError,
    seal::{KeyRing, Sealer, new_key_line},
};
use db::{CentralDb, PoolBudget, PoolSettings, TenantPools};
use kernel::{MemberId, Role};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};
use secrecy::SecretString;
use settings::Secret;
use testkit::{TestDb, TestRedis};

pub use browser::{Browser, hidden, the_link};
pub use factors::{Enrolled, SoftPasskey, code_at};
pub use site::{Answer, Site, cookie_of, one_tenant};
pub use tenants::TestTenant;

/// What everybody's password is.
pub const PASSWORD: &str = "violet kettle marches north";

/// Cheap hashes: what they cost is not what most tests are about.
pub const CHEAP: PasswordSettings = PasswordSettings {
    memory_kib: 64,
    iterations: 1,
    parallelism: 1,
    permits: 4,
    queue_ms: 20_000,
    breached_file: String::new(),
};

/// Everything that a test stands on.
pub struct Stage {
    pub central: TestDb,
    pub redis: TestRedis,
    pub auth: Auth,
    pub clock: Clock,
}

/// A member that a test made.
#[derive(Debug, Clone)]
pub struct TestMember {
    pub id: MemberId,
    pub email: String,
}

impl Stage {
    pub async fn new() -> Self {
        let redis = testkit::redis().await;
        let url = redis.url().to_owned();
        Self::with(redis, &url, CHEAP).await
    }

    /// With a Redis that nobody answers at.
    pub async fn without_redis() -> Self {
        let redis = testkit::redis().await;
        Self::with(redis, "redis://127.0.0.1:1/0", CHEAP).await
    }

    async fn with(redis: TestRedis, redis_url: &str, passwords: PasswordSettings) -> Self {
        let central = TestDb::central().await;
        let clock = testkit::clock();
        let auth = compose(&central, redis_url, clock.clone(), passwords).await;
        Self {
            central,
            redis,
            auth,
            clock,
        }
    }

    /// Another process of the control plane on the same servers.
    pub async fn second_process(&self) -> Auth {
        let second = compose(&self.central, self.redis.url(), self.clock.clone(), CHEAP).await;
        Auth {
            sealer: Arc::clone(&self.auth.sealer),
            ..second
        }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A tenant in service, with a database.
    pub async fn tenant(&self, slug: &str) -> TestTenant {
        TestTenant::create(self, slug).await
    }

    /// A member who is active and has [`PASSWORD`].
    pub async fn member(&self, tenant: &TestTenant, name: &str, role: Role) -> TestMember {
        self.member_of(tenant, name, role, false).await
    }

    pub async fn member_of(
        &self,
        tenant: &TestTenant,
        name: &str,
        role: Role,
        external: bool,
    ) -> TestMember {
        let email = format!("{name}@{}.example", tenant.host.slug);
        let member = self.enrol(tenant, &email, name, role, external).await;
        let hash = self.hash(PASSWORD).await;
        let person = self.person(&email).await;
        PersonStore::set_first_password(self.central.conn(), person.id, &hash, None, self.now())
            .await
            .unwrap();
        let sql = "UPDATE memberships SET state = 'active', version = version + 1, \
                   invited_name = NULL WHERE member_id = ?";
        self.execute(sql, [member.as_uuid().into()]).await;
        cp_app::projections::project_member(&self.auth, tenant.host.tenant_id, member)
            .await
            .unwrap();
        TestMember { id: member, email }
    }

    /// A member who is invited, without an invitation.
    pub async fn enrol(
        &self,
        tenant: &TestTenant,
        email: &str,
        name: &str,
        role: Role,
        external: bool,
    ) -> MemberId {
        let email = Email::parse(email).unwrap();
        let tenant = tenant.host.tenant_id;
        let enrol = cp_app::members::Enrol {
            tenant,
            email: &email,
            name,
            role,
            external,
        };
        let conn = self.central.conn();
        let member = cp_app::members::enrol_member(conn, &self.auth, &enrol)
            .await
            .unwrap();
        member.membership.member
    }

    pub async fn hash(&self, password: &str) -> String {
        self.auth
            .passwords
            .hash(&SecretString::from(password))
            .await
            .unwrap()
    }

    pub async fn person(&self, email: &str) -> Person {
        let email = Email::parse(email).unwrap();
        PersonStore::find_by_email(self.central.conn(), &email)
            .await
            .unwrap()
            .unwrap()
    }

    pub async fn membership(&self, tenant: &TestTenant, member: MemberId) -> cp_domain::Membership {
        let found: Result<_, StoreError> =
            MembershipStore::find(self.central.conn(), tenant.host.tenant_id, member).await;
        found.unwrap().unwrap().membership
    }

    pub async fn execute<const N: usize>(&self, sql: &str, values: [Value; N]) -> u64 {
        let statement = Statement::from_sql_and_values(DbBackend::MySql, sql, values);
        self.central
            .conn()
            .execute_raw(statement)
            .await
            .unwrap()
            .rows_affected()
    }

    pub async fn rows<const N: usize>(&self, sql: &str, values: [Value; N]) -> Vec<QueryResult> {
        let statement = Statement::from_sql_and_values(DbBackend::MySql, sql, values);
        self.central.conn().query_all_raw(statement).await.unwrap()
    }

    pub async fn count(&self, sql: &str) -> i64 {
        let rows = self.rows(sql, []).await;
        rows[0].try_get_by_index(0).unwrap()
    }
}

async fn compose(
    central: &TestDb,
    redis_url: &str,
    clock: Clock,
    passwords: PasswordSettings,
) -> Auth {
    let pool = PoolSettings {
        url: Secret::new(central.url()),
        max_connections: 16,
        acquire_timeout_ms: 10_000,
        statement_timeout_ms: 10_000,
    };
    let central = CentralDb::connect(&pool).await.unwrap();
    let sealer = Arc::new(Sealer::new(KeyRing::parse(&new_key_line()).unwrap()));
    let placements = CentralPlacements::new(central.clone(), Arc::clone(&sealer));
    let budget = PoolBudget {
        per_tenant: 2,
        total: 16,
        ..PoolBudget::default()
    };
    let settings = SessionSettings {
        insecure_cookies: true,
        ..SessionSettings::default()
    };
    Auth::new(
        central,
        TenantPools::new(budget, Arc::new(placements)),
        Cache::connect(redis_url).unwrap(),
        clock,
        sealer,
        Passwords::new(passwords).unwrap(),
        Links::new("http://trellis.localhost:8080").unwrap(),
        settings,
    )
}
