//! The runner on a real server: from nothing, after crashes, beside another runner.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use migrations::{MigrateError, Schema, Session, Target, expected_fingerprint, statements};
use mysql::{Conn, Opts, prelude::Queryable};

/// A database of its own, dropped at the end of the test.
struct Scratch {
    target: Target,
    admin: Conn,
}

impl Scratch {
    fn new(name: &str, collation: &str) -> Self {
        let url = &testkit::services().mariadb_admin_url;
        let opts = Opts::from_url(&format!("{url}?prefer_socket=false")).unwrap();
        let database = format!("m_{name}_{}", std::process::id());
        let mut admin = Conn::new(opts.clone()).unwrap();
        admin
            .query_drop(format!(
                "CREATE OR REPLACE DATABASE {database} CHARACTER SET utf8mb4 COLLATE {collation}"
            ))
            .unwrap();
        let target = Target {
            host: opts.get_ip_or_hostname().into_owned(),
            port: opts.get_tcp_port(),
            user: opts.get_user().unwrap().to_owned(),
            password: opts.get_pass().unwrap().to_owned(),
            database,
        };
        Self { target, admin }
    }

    fn session(&self) -> Session {
        Session::open(&self.target).unwrap()
    }

    fn ledger(&mut self, rest: &str) {
        self.admin.select_db(&self.target.database).unwrap();
        self.admin.query_drop(rest).unwrap();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = self
            .admin
            .query_drop(format!("DROP DATABASE {}", self.target.database));
    }
}

const BOTH: [Schema; 2] = [Schema::Central, Schema::Tenant];

#[test]
fn a_new_database_gets_every_file_once() {
    for schema in BOTH {
        let scratch = Scratch::new(&format!("new_{schema:?}"), "utf8mb4_unicode_ci");
        let mut session = scratch.session();
        assert_eq!(session.pending(schema).unwrap().version, None);
        let report = session.migrate(schema).unwrap();
        let names: Vec<_> = statements(schema)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(report.applied, names);
        assert_eq!(
            session.pending(schema).unwrap().version,
            Some(report.version)
        );
        assert!(session.migrate(schema).unwrap().applied.is_empty());
        assert_eq!(
            session.fingerprint().unwrap(),
            expected_fingerprint(schema),
            "the schema has changed: put its fingerprint into migrations/fingerprints"
        );
    }
}

#[test]
fn a_crash_between_a_statement_and_its_ledger_row_is_healed() {
    for schema in BOTH {
        let mut scratch = Scratch::new(&format!("crash_{schema:?}"), "utf8mb4_unicode_ci");
        let mut session = scratch.session();
        let all = session.migrate(schema).unwrap().applied.len();
        for missing in 1..=all {
            scratch.ledger(&format!(
                "DELETE FROM refinery_schema_history ORDER BY version DESC LIMIT {missing}"
            ));
            assert_eq!(session.migrate(schema).unwrap().applied.len(), missing);
            assert_eq!(session.fingerprint().unwrap(), expected_fingerprint(schema));
        }
    }
}

#[test]
fn of_two_runners_one_works() {
    let scratch = Scratch::new("two", "utf8mb4_unicode_ci");
    let applied: usize = std::thread::scope(|scope| {
        let runners: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| migrations::tenant::run(&scratch.target).unwrap()))
            .collect();
        runners
            .into_iter()
            .map(|runner| runner.join().unwrap().applied.len())
            .sum()
    });
    assert_eq!(applied, statements(Schema::Tenant).len());
}

#[test]
fn a_ledger_of_other_files_is_refused() {
    let mut scratch = Scratch::new("other", "utf8mb4_unicode_ci");
    let mut session = scratch.session();
    session.migrate(Schema::Tenant).unwrap();
    scratch.ledger("UPDATE refinery_schema_history SET checksum = '1' LIMIT 1");
    assert!(matches!(
        session.migrate(Schema::Tenant),
        Err(MigrateError::Divergent { .. })
    ));
}

#[test]
fn a_database_of_another_collation_is_refused() {
    let scratch = Scratch::new("collation", "utf8mb4_general_ci");
    assert!(matches!(
        scratch.session().migrate(Schema::Tenant),
        Err(MigrateError::Collation(_))
    ));
}

#[test]
fn the_session_is_strict_and_in_utc() {
    let scratch = Scratch::new("session", "utf8mb4_unicode_ci");
    let mut session = scratch.session();
    let [mode, zone, collation] = session.settings().unwrap();
    assert!(mode.contains("STRICT_TRANS_TABLES"), "{mode}");
    assert_eq!(zone, "+00:00");
    assert_eq!(collation, "utf8mb4_unicode_ci");
}

#[test]
fn every_file_holds_one_statement_that_may_run_twice() {
    for schema in BOTH {
        for (name, sql) in statements(schema) {
            let code: String = sql
                .lines()
                .filter(|line| !line.trim_start().starts_with("--"))
                .collect();
            let code = code.trim().trim_end_matches(';').to_uppercase();
            assert!(
                !code.contains(';') || code.contains("COMMENT '"),
                "{name}: one statement"
            );
            assert!(
                ["IF NOT EXISTS", "IF EXISTS", "INSERT IGNORE"]
                    .iter()
                    .any(|w| code.contains(w)),
                "{name}: must be harmless when it runs again"
            );
        }
    }
}
