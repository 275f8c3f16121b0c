//! One database per schema that the migrations really made, and the statements that make another
//! like it: replaying them takes a fraction of what the migrations take.

use std::fmt::Write as _;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use migrations::{Schema, Session, Target};
use mysql::Conn;
use mysql::prelude::Queryable;
use sha2::{Digest, Sha256};
use url::Url;

use crate::{admin, must, services};

/// What every database of a test is called at the start; a time in hexadecimal digits follows.
pub const TEST_PREFIX: &str = "trtest_";
/// Databases of tests that are older were left behind.
const LEFT_BEHIND_AFTER_SECONDS: u64 = 2 * 60 * 60;
const COMPLETE: &str = "complete";

/// The statements that make a database of this schema; every process asks MariaDB once.
pub fn script(schema: Schema) -> &'static str {
    static CENTRAL: OnceLock<String> = OnceLock::new();
    static TENANT: OnceLock<String> = OnceLock::new();
    let script = match schema {
        Schema::Central => &CENTRAL,
        Schema::Tenant => &TENANT,
    };
    script.get_or_init(|| {
        let mut conn = admin::connect();
        let name = ensure(&mut conn, schema);
        read(&mut conn, &name)
    })
}

/// Seconds since 1970.
pub fn seconds_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |age| age.as_secs())
}

/// Finds the template, or makes it; whoever comes second waits.
fn ensure(conn: &mut Conn, schema: Schema) -> String {
    let name = name(schema);
    let locked: Option<Option<i64>> = must(
        conn.exec_first("SELECT GET_LOCK(?, 120)", (&name,)),
        "GET_LOCK",
    );
    assert_eq!(
        locked.flatten(),
        Some(1),
        "another process has made the template {name} for 120 s"
    );
    if comment(conn, &name).as_deref() != Some(COMPLETE) {
        sweep(conn);
        admin::drop_database(conn, &name);
        admin::execute(
            conn,
            &format!("CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"),
        );
        let migrated =
            Session::open(&target(&name)).and_then(|mut session| session.migrate(schema));
        must(migrated, "the migrations failed");
        admin::execute(
            conn,
            &format!("ALTER DATABASE `{name}` COMMENT '{COMPLETE}'"),
        );
    }
    admin::execute(conn, "DO RELEASE_ALL_LOCKS()");
    name
}

/// The name says which files made it.
fn name(schema: Schema) -> String {
    let mut hash = Sha256::new();
    for (file, text) in migrations::statements(schema) {
        hash.update(file);
        hash.update(text);
    }
    let digest = hex::encode(hash.finalize());
    let short: String = digest.chars().take(16).collect();
    match schema {
        Schema::Central => format!("trtemplate_central_{short}"),
        Schema::Tenant => format!("trtemplate_tenant_{short}"),
    }
}

fn target(database: &str) -> Target {
    let url = must(
        Url::parse(&services().mariadb_admin_url),
        "MariaDB's URL is malformed",
    );
    Target {
        host: url.host_str().unwrap_or("127.0.0.1").to_owned(),
        port: url.port().unwrap_or(3306),
        user: url.username().to_owned(),
        password: url.password().unwrap_or_default().to_owned(),
        database: database.to_owned(),
    }
}

fn comment(conn: &mut Conn, database: &str) -> Option<String> {
    let sql = "SELECT schema_comment FROM information_schema.schemata WHERE schema_name = ?";
    must(conn.exec_first(sql, (database,)), "the list of databases")
}

/// Removes what tests that were killed left behind.
fn sweep(conn: &mut Conn) {
    let names: Vec<String> = must(
        conn.query(format!(
            "SHOW DATABASES LIKE '{}%'",
            TEST_PREFIX.replace('_', "\\_")
        )),
        "the list of databases",
    );
    let oldest = seconds_now().saturating_sub(LEFT_BEHIND_AFTER_SECONDS);
    for name in names {
        let made = name.get(TEST_PREFIX.len()..TEST_PREFIX.len() + 8);
        if made
            .and_then(|made| u64::from_str_radix(made, 16).ok())
            .is_some_and(|m| m < oldest)
        {
            admin::drop_database(conn, &name);
        }
    }
}

/// Reads the statements, and copies of the rows that migrations write.
fn read(conn: &mut Conn, template: &str) -> String {
    let tables: Vec<String> = must(
        conn.query(format!("SHOW TABLES FROM `{template}`")),
        "the template's tables",
    );
    let mut script = String::from("SET foreign_key_checks = 0;\n");
    let mut rows = String::new();
    for table in tables {
        let made: Option<(String, String)> = must(
            conn.query_first(format!("SHOW CREATE TABLE `{template}`.`{table}`")),
            &table,
        );
        let (_, statement) = made.unwrap_or_default();
        let _ = writeln!(script, "{statement};");
        let some: Option<i64> = must(
            conn.query_first(format!("SELECT 1 FROM `{template}`.`{table}` LIMIT 1")),
            &table,
        );
        if some.is_some() {
            let _ = writeln!(
                rows,
                "INSERT INTO `{table}` SELECT * FROM `{template}`.`{table}`;"
            );
        }
    }
    script.push_str(&rows);
    script.push_str("SET foreign_key_checks = 1;\n");
    script
}
