//! A database for one test: made from the template, gone with the value.

use std::sync::Mutex;
use std::sync::PoisonError;

use kernel::{Generation, TenantId};
use migrations::Schema;
use mysql::prelude::Queryable;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement,
};
use url::Url;
use uuid::Uuid;

use crate::template::{self, TEST_PREFIX};
use crate::{admin, blocking, clean_up, must, services};

const SESSION: &str = "SET time_zone = '+00:00'";

/// A database for one test. Dropped with the value, whoever is still connected.
#[derive(Debug)]
pub struct TestDb {
    name: String,
    url: Url,
    conn: DatabaseConnection,
    users: Mutex<Vec<String>>,
}

/// An account on the server that a test made.
#[derive(Debug, Clone)]
pub struct Account {
    /// Name of the user, for connections from 127.0.0.1.
    pub user: String,
    /// Its password.
    pub password: String,
    /// How it connects to the test's database.
    pub url: String,
}

/// The whole number that a statement answers.
///
/// # Panics
///
/// When it fails, or answers something else.
pub async fn number(conn: &impl ConnectionTrait, sql: &str) -> i64 {
    let statement = Statement::from_string(DbBackend::MySql, sql);
    let row = must(conn.query_one_raw(statement).await, sql);
    must(must(row.ok_or("no row"), sql).try_get_by_index(0), sql)
}

impl TestDb {
    /// A database with the control plane's schema.
    pub async fn central() -> Self {
        Self::create(Schema::Central, String::new()).await
    }

    /// A database with the tenant schema that belongs to this tenant and generation, with its
    /// root folder (whose id is the tenant's) and its event counter.
    pub async fn tenant(tenant: TenantId, generation: Generation) -> Self {
        Self::create(Schema::Tenant, ownership(tenant, generation)).await
    }

    /// A database with nothing in it.
    pub async fn empty() -> Self {
        Self::make(String::new).await
    }

    async fn create(schema: Schema, rows: String) -> Self {
        Self::make(move || format!("{}{rows}", template::script(schema))).await
    }

    async fn make(script: impl FnOnce() -> String + Send + 'static) -> Self {
        let random = Uuid::new_v4().simple().to_string();
        let name = format!("{TEST_PREFIX}{:08x}_{random}", template::seconds_now());
        let made = name.clone();
        blocking(move || {
            let script = script();
            let mut conn = admin::connect();
            admin::execute(
                &mut conn,
                &format!(
                    "CREATE DATABASE `{made}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
                ),
            );
            admin::execute(&mut conn, &format!("USE `{made}`"));
            if !script.is_empty() {
                admin::execute(&mut conn, &script);
            }
        })
        .await;
        let mut url = must(
            Url::parse(&services().mariadb_admin_url),
            "MariaDB's URL is malformed",
        );
        url.set_path(&name);
        let conn = connect(&url).await;
        Self {
            name,
            url,
            conn,
            users: Mutex::default(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the administrator connects to it.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Host of the server.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or("127.0.0.1")
    }

    /// Port of the server.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.url.port().unwrap_or(3306)
    }

    /// The administrator's connections to it, for what a test arranges and asserts.
    #[must_use]
    pub fn conn(&self) -> &DatabaseConnection {
        &self.conn
    }

    /// An account with those privileges (`SELECT, INSERT`, `ALL PRIVILEGES`, …) on this database
    /// only. Gone with the database.
    pub async fn account(&self, privileges: &str) -> Account {
        let user = format!("t_{}", Uuid::new_v4().simple());
        let password = Uuid::new_v4().simple().to_string();
        // `_` in the name of a grant's database matches any character.
        let database = self.name.replace('_', "\\_");
        let statements = [
            format!("CREATE USER '{user}'@'127.0.0.1' IDENTIFIED BY '{password}'"),
            format!("GRANT {privileges} ON `{database}`.* TO '{user}'@'127.0.0.1'"),
        ];
        blocking(move || {
            let mut conn = admin::connect();
            for statement in statements {
                admin::execute(&mut conn, &statement);
            }
        })
        .await;
        self.users
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(user.clone());
        let mut url = self.url.clone();
        // Both fail only for URLs without a host.
        let _ = url.set_username(&user);
        let _ = url.set_password(Some(&password));
        Account {
            user,
            password,
            url: url.into(),
        }
    }

    /// The account of a runtime: reads and writes rows, changes no table.
    pub async fn runtime_account(&self) -> Account {
        self.account("SELECT, INSERT, UPDATE, DELETE").await
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        let users = std::mem::take(self.users.get_mut().unwrap_or_else(PoisonError::into_inner));
        clean_up(move || {
            let mut conn = admin::connect();
            for user in users {
                let _ = conn.query_drop(format!("DROP USER IF EXISTS '{user}'@'127.0.0.1'"));
                let _ = conn.query_drop(format!("KILL HARD USER '{user}'@'127.0.0.1'"));
            }
            admin::drop_database(&mut conn, &name);
        });
    }
}

async fn connect(url: &Url) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url.as_str());
    options
        .max_connections(8)
        .min_connections(0)
        .connect_lazy(true)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .after_connect(|conn| {
            Box::pin(async move {
                use sea_orm::ConnectionTrait as _;
                conn.execute_unprepared(SESSION).await.map(drop)
            })
        });
    must(
        Database::connect(options).await,
        "no connection to the database of a test",
    )
}

/// The rows by which a tenant's database is known as its own.
fn ownership(tenant: TenantId, generation: Generation) -> String {
    let id = hex::encode(tenant.as_uuid().as_bytes());
    let fingerprint = migrations::expected_fingerprint(Schema::Tenant);
    format!(
        "INSERT INTO folders (id, parent_id, name, position, revision, created_at, updated_at) \
           VALUES (x'{id}', NULL, 'Root', 0, 1, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6));\n\
         INSERT INTO tenant (id, tenant_id, generation, schema_fingerprint, root_folder_id) \
           VALUES (1, x'{id}', {generation}, '{fingerprint}', x'{id}');\n\
         INSERT IGNORE INTO event_counter (id, value) VALUES (1, 0);\n"
    )
}
