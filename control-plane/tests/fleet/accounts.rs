//! What a tenant's accounts are refused: every other database, and for the runtime any DDL.

use cp_store::{TenantDatabase, seal::Purpose};
use mysql::{Conn, prelude::Queryable};

use crate::fixture::ControlPlane;

fn refused(session: &mut Conn, statement: &str) {
    match session.query_drop(statement) {
        Err(mysql::Error::MySqlError(error)) => assert!(
            matches!(error.code, 1044 | 1045 | 1142 | 1143 | 1227 | 1370 | 1698),
            "{statement}: {error}"
        ),
        other => panic!("{statement} was not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_reaches_its_own_database_only() {
    let control_plane = ControlPlane::new().await;
    let one = control_plane.provision("one").await;
    let two = control_plane.provision("two").await;
    let one = control_plane.database(one.tenant_id).await;
    let two = control_plane.database(two.tenant_id).await;
    let central = control_plane.central.name().to_owned();
    for (mine, theirs) in [(&one, &two), (&two, &one)] {
        for purpose in [Purpose::TenantRuntime, Purpose::TenantMigrator] {
            let own = &mine.names.database;
            let mut session = control_plane.session(mine, purpose, Some(own)).unwrap();
            session.query_drop("SELECT * FROM tenant").unwrap();
            let seen: Vec<String> = session.query("SHOW DATABASES").unwrap();
            assert_eq!(
                seen,
                [own.clone(), "information_schema".to_owned()].sorted()
            );
            let other = &theirs.names.database;
            refused(&mut session, &format!("SELECT * FROM {other}.tenant"));
            refused(&mut session, &format!("USE {other}"));
            refused(
                &mut session,
                &format!("INSERT INTO {other}.event_counter VALUES (1, 1)"),
            );
            refused(&mut session, &format!("CREATE TABLE {other}.x (a INT)"));
            refused(&mut session, &format!("DROP DATABASE {other}"));
            refused(&mut session, "SELECT * FROM mysql.user");
            refused(&mut session, &format!("SELECT * FROM {central}.people"));
            refused(&mut session, "CREATE DATABASE mine_too");
            refused(&mut session, "CREATE USER mine_too");
            refused(&mut session, "SELECT 1 INTO OUTFILE '/tmp/x'");
            assert!(control_plane.session(mine, purpose, Some(other)).is_err());
        }
    }
    runtime_does_no_ddl(&control_plane, &one);
}

fn runtime_does_no_ddl(control_plane: &ControlPlane, mine: &TenantDatabase) {
    let own = Some(mine.names.database.as_str());
    let mut runtime = control_plane
        .session(mine, Purpose::TenantRuntime, own)
        .unwrap();
    for statement in [
        "CREATE TABLE x (a INT)",
        "ALTER TABLE labels ADD COLUMN x INT",
        "DROP TABLE labels",
        "TRUNCATE TABLE labels",
        "CREATE INDEX x ON labels (colour)",
        "CREATE VIEW x AS SELECT 1",
        "CREATE TRIGGER x BEFORE INSERT ON labels FOR EACH ROW SET NEW.colour = ''",
    ] {
        refused(&mut runtime, statement);
    }
    runtime
        .query_drop("UPDATE labels SET revision = revision + 1")
        .unwrap();
    let mut migrator = control_plane
        .session(mine, Purpose::TenantMigrator, own)
        .unwrap();
    migrator
        .query_drop("ALTER TABLE labels ADD COLUMN x INT, ALGORITHM=INSTANT")
        .unwrap();
    refused(&mut migrator, "GRANT SELECT ON labels TO somebody");
}

trait Sorted {
    fn sorted(self) -> Self;
}

impl Sorted for [String; 2] {
    fn sorted(mut self) -> Self {
        // As the server lists them.
        self.sort();
        self
    }
}
