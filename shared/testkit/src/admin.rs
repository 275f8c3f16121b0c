//! The administrator's connection to MariaDB: synchronous, so that it serves in any runtime and in `Drop`.

use mysql::prelude::Queryable;
use mysql::{Conn, Opts, OptsBuilder};

use crate::{must, services};

/// Opens a connection as the server's administrator.
pub fn connect() -> Conn {
    let opts = must(
        Opts::from_url(&services().mariadb_admin_url),
        "MariaDB's URL is malformed",
    );
    let opts = OptsBuilder::from_opts(opts).prefer_socket(false).init(vec![
        "SET SESSION lock_wait_timeout = 10, innodb_lock_wait_timeout = 10, time_zone = '+00:00'",
    ]);
    must(Conn::new(opts), "no connection to the MariaDB of tests")
}

/// Runs one statement.
pub fn execute(conn: &mut Conn, sql: &str) {
    if let Err(error) = conn.query_drop(sql) {
        let start: String = sql.chars().take(200).collect();
        panic!("{error}\n  in {start}");
    }
}

/// Drops a database whatever is still connected to it.
pub fn drop_database(conn: &mut Conn, name: &str) {
    let connected: Vec<u64> = conn
        .exec(
            "SELECT id FROM information_schema.processlist WHERE db = ?",
            (name,),
        )
        .unwrap_or_default();
    for id in connected {
        // It may be gone by now.
        let _ = conn.query_drop(format!("KILL HARD CONNECTION {id}"));
    }
    let _ = conn.query_drop(format!("DROP DATABASE IF EXISTS `{name}`"));
}
