//! Opens the one session that a run works in.

use std::{fmt, time::Duration};

use mysql::{Conn, OptsBuilder};

use crate::MigrateError;

/// Strict mode, UTC, one collation, and no day-long wait behind somebody's open transaction.
const SESSION: &str = "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci, time_zone = '+00:00', \
     sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,\
     NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION', \
     lock_wait_timeout = 5, innodb_lock_wait_timeout = 5, foreign_key_checks = 1";

/// The database to work on and the account to do it with.
#[derive(Clone)]
pub struct Target {
    /// Name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// An account that may do DDL in the database.
    pub user: String,
    /// Its password.
    pub password: String,
    /// The database; the session uses it and statements never qualify names.
    pub database: String,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}@{}:{}/{}",
            self.user, self.host, self.port, self.database
        )
    }
}

impl Target {
    pub(crate) fn connect(&self) -> Result<Conn, MigrateError> {
        self.open(Some(self.database.as_str()))
    }

    /// A session in no database, for an account that may have no rights in it yet.
    pub(crate) fn connect_to_server(&self) -> Result<Conn, MigrateError> {
        self.open(None)
    }

    fn open(&self, database: Option<&str>) -> Result<Conn, MigrateError> {
        let options = OptsBuilder::new()
            .ip_or_hostname(Some(self.host.as_str()))
            .tcp_port(self.port)
            .user(Some(self.user.as_str()))
            .pass(Some(self.password.as_str()))
            .db_name(database)
            .prefer_socket(false)
            .tcp_connect_timeout(Some(Duration::from_secs(5)))
            .init(vec![SESSION]);
        Conn::new(options).map_err(MigrateError::Connect)
    }
}
