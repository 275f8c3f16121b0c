//! Connections of sweep accounts. Such an account sees of many tenants' databases on a server
//! whether rows wait and since when; it is not a [`TenantDb`](crate::TenantDb), and no store that
//! wants one takes it.

use std::{sync::Arc, time::Duration};

use sea_orm::{DbErr, RuntimeErr};
use settings::Secret;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, MySqlConnection,
    mysql::{MySqlConnectOptions, MySqlRow},
};

use crate::{
    DbError,
    connect::{self, Limits},
};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(2);
/// How long the server works on a statement, and waits for whoever changes a table.
const STATEMENT: Duration = Duration::from_secs(2);
/// How long an answer is waited for.
const ANSWER: Duration = Duration::from_secs(5);

/// A server and its sweep account.
#[derive(Debug, Clone)]
pub struct SweepAddress {
    /// The server's host name, or the path of its socket when it starts with `/`.
    pub host: String,
    /// The server's port.
    pub port: u16,
    /// The account.
    pub user: String,
    /// Its password.
    pub password: Secret,
}

/// A connection for the length of one sweep.
#[derive(Debug)]
pub struct SweepConnection {
    connection: MySqlConnection,
    usable: bool,
}

impl SweepConnection {
    /// Connects.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the account.
    pub async fn open(address: &SweepAddress) -> Result<Self, DbError> {
        let options = MySqlConnectOptions::new()
            .username(&address.user)
            .password(address.password.expose());
        let options = connect::plain(connect::at(options, &address.host, address.port));
        let limits = Limits {
            max_connections: 1,
            acquire_timeout: CONNECT,
            idle_timeout: ANSWER,
            statement_timeout: STATEMENT,
        };
        let opened = async {
            let mut connection = options.connect().await?;
            connect::prepare(&mut connection, limits, None).await?;
            Ok::<_, DbError>(connection)
        };
        let opened = tokio::time::timeout(CONNECT, opened).await;
        let connection = opened.unwrap_or(Err(sqlx::Error::PoolTimedOut.into()))?;
        Ok(Self {
            connection,
            usable: true,
        })
    }

    /// The rows of a statement without parameters. It is not prepared: it is long, and asked once.
    ///
    /// # Errors
    /// When the server refuses it or does not answer.
    pub async fn rows(&mut self, statement: String) -> Result<Vec<MySqlRow>, DbErr> {
        // Unless the answer is read to its end.
        let was = std::mem::replace(&mut self.usable, false);
        let answer = sqlx::raw_sql(AssertSqlSafe(statement)).fetch_all(&mut self.connection);
        match tokio::time::timeout(ANSWER, answer).await {
            Ok(Ok(rows)) => {
                self.usable = was;
                Ok(rows)
            }
            Ok(Err(error @ sqlx::Error::Database(_))) => {
                self.usable = was;
                Err(DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))))
            }
            Ok(Err(error)) => Err(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))),
            Err(_) => Err(DbErr::Conn(RuntimeErr::Internal(
                "no answer in time".to_owned(),
            ))),
        }
    }

    /// Whether it may be asked again.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        self.usable
    }

    /// Takes leave of the server.
    pub async fn close(self) {
        if self.usable {
            // The server notices by itself, too.
            let _ = self.connection.close().await;
        }
    }
}
