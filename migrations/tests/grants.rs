//! The account of serving programs: everything it needs, and of the audit log only adding to it.

#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

use migrations::{MigrateError, Target, central};
use mysql::{Conn, Opts, OptsBuilder, prelude::Queryable};
use testkit::{Account, TestDb, services};
use url::Url;

fn target(db: &TestDb, account: &Account) -> Target {
    Target {
        host: db.host().to_owned(),
        port: db.port(),
        user: account.user.clone(),
        password: account.password.clone(),
        database: db.name().to_owned(),
    }
}

fn session(db: &TestDb, account: &Account) -> Conn {
    let options = OptsBuilder::new()
        .ip_or_hostname(Some(db.host()))
        .tcp_port(db.port())
        .user(Some(&account.user))
        .pass(Some(&account.password))
        .db_name(Some(db.name()))
        .prefer_socket(false);
    Conn::new(options).unwrap()
}

fn admin(statement: &str) {
    let url = Url::parse(&services().mariadb_admin_url).unwrap();
    let options =
        OptsBuilder::from_opts(Opts::from_url(url.as_str()).unwrap()).prefer_socket(false);
    Conn::new(options).unwrap().query_drop(statement).unwrap();
}

async fn accounts(db: &TestDb) -> (Account, Account) {
    let owner = db.account("ALL PRIVILEGES").await;
    let database = db.name().replace('_', "\\_");
    admin(&format!(
        "GRANT GRANT OPTION ON `{database}`.* TO '{}'@'127.0.0.1'",
        owner.user
    ));
    (owner, db.account("USAGE").await)
}

fn refused(conn: &mut Conn, statement: &str) {
    let error = conn.query_drop(statement).unwrap_err().to_string();
    assert!(error.contains("denied"), "{statement}: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_cannot_be_changed_by_the_serving_account() {
    let db = TestDb::central().await;
    let (owner, serving) = accounts(&db).await;
    let (owner, target) = (target(&db, &owner), target(&db, &serving));
    let granted = tokio::task::spawn_blocking(move || {
        let granted = central::grant(&owner, &target).unwrap();
        // A second run finds nothing to do.
        assert_eq!(central::grant(&owner, &target).unwrap(), 0);
        granted
    });
    assert!(granted.await.unwrap() > 20);

    let mut conn = session(&db, &serving);
    let add = "INSERT INTO audit_log (id, occurred_at, actor_kind, action, detail) \
               VALUES (REPEAT('a', 16), NOW(6), 'system', 'a.test', '{}')";
    conn.query_drop(add).unwrap();
    let link = "INSERT INTO audit_chain (position, audit_id, hash, chained_at) \
                VALUES (1, REPEAT('a', 16), REPEAT('b', 32), NOW(6))";
    conn.query_drop(link).unwrap();
    for statement in [
        "UPDATE audit_log SET action = 'another'",
        "DELETE FROM audit_log",
        "TRUNCATE TABLE audit_log",
        "DROP TABLE audit_log",
        "ALTER TABLE audit_log DROP COLUMN detail",
        "RENAME TABLE audit_log TO hidden",
        "REPLACE INTO audit_log (id, occurred_at, actor_kind, action, detail) \
         VALUES (REPEAT('a', 16), NOW(6), 'system', 'another', '{}')",
        "INSERT INTO audit_log (id, occurred_at, actor_kind, action, detail) \
         VALUES (REPEAT('a', 16), NOW(6), 'system', 'a', '{}') \
         ON DUPLICATE KEY UPDATE action = 'another'",
        "CREATE TRIGGER hide BEFORE INSERT ON audit_log FOR EACH ROW SET NEW.action = 'another'",
        "UPDATE audit_chain SET position = 2",
        "DELETE FROM audit_chain",
        "UPDATE refinery_schema_history SET version = 0",
    ] {
        refused(&mut conn, statement);
    }
    let kept: Vec<String> = conn.query("SELECT action FROM audit_log").unwrap();
    assert_eq!(kept, ["a.test"]);
    // Everything else it may change.
    conn.query_drop("UPDATE catalogue_revision SET value = value + 1")
        .unwrap();
    conn.query_drop("DELETE FROM sessions").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_the_whole_database_is_told_of() {
    let db = TestDb::central().await;
    let (owner, _) = accounts(&db).await;
    let serving = db.runtime_account().await;
    let (owner, serving) = (target(&db, &owner), target(&db, &serving));
    let granted = tokio::task::spawn_blocking(move || central::grant(&owner, &serving));
    let error = granted.await.unwrap().unwrap_err();
    assert!(matches!(error, MigrateError::ServingAccount), "{error}");
}
