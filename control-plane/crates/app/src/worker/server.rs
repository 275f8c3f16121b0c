//! A tenant's database server, as its administrator: databases, accounts, grants.
//!
//! Names come from our own tables and have a narrow form, which is checked again here, because
//! identifiers and account names cannot be parameters of a statement.

mod sweep;

use std::time::Duration;

use cp_domain::DatabaseNames;
use kernel::TenantId;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, MySqlConnection, Row as _,
    mysql::MySqlConnectOptions,
};

use super::AccountLimits;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Seconds to wait for the lock of a worker that was just killed.
const LOCK_SECONDS: u8 = 5;
/// What the migrator may do in the one database.
const MIGRATOR_RIGHTS: &str =
    "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES";

/// A statement on a tenant's server failed.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The server is away, or refused the statement.
    #[error("the database server failed: {0}")]
    Sql(#[from] sqlx::Error),
    /// It did not answer in time.
    #[error("the database server did not answer in time")]
    Timeout,
    /// A database of this name is there and does not bear our nonce.
    #[error("a database of this name exists that is not ours")]
    NotOurs,
    /// A name or password is not of the form that we make.
    #[error("a name is not of the form that is safe in a statement")]
    Unsafe,
    /// Another session holds the tenant and cannot be ended.
    #[error("another session is working on this tenant")]
    Held,
}

/// How to connect.
#[derive(Debug, Clone)]
pub(super) struct Login<'a> {
    pub host: &'a str,
    pub port: u16,
    pub user: &'a str,
    pub password: &'a SecretString,
    pub database: Option<&'a str>,
}

impl Login<'_> {
    /// Opens one session, strict and in UTC.
    pub(super) async fn connect(&self) -> Result<MySqlConnection, ServerError> {
        let options = MySqlConnectOptions::new()
            .username(self.user)
            .password(self.password.expose_secret())
            .charset("utf8mb4")
            .collation("utf8mb4_unicode_ci")
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .timezone(None)
            .set_names(false)
            .disable_statement_logging();
        let options = if self.host.starts_with('/') {
            options.socket(self.host)
        } else {
            options.host(self.host).port(self.port)
        };
        let options = match self.database {
            Some(database) => options.database(database),
            None => options,
        };
        let opened = async {
            let mut session = options.connect().await?;
            sqlx::raw_sql(
                "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci, time_zone = '+00:00', \
                 sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_CREATE_USER', \
                 lock_wait_timeout = 10, innodb_lock_wait_timeout = 10",
            )
            .execute(&mut session)
            .await?;
            Ok(session)
        };
        let opened = tokio::time::timeout(CONNECT_TIMEOUT, opened).await;
        opened.unwrap_or(Err(ServerError::Timeout))
    }
}

/// A session of the administrator that works on one tenant, alone on the server.
pub(super) struct Administrator {
    session: MySqlConnection,
}

impl Administrator {
    /// Takes the tenant on this server. Only the worker that has the operation's lease calls this,
    /// so whoever holds the tenant is one that lost it, perhaps stuck: its session is ended.
    pub(super) async fn take(
        mut session: MySqlConnection,
        tenant: TenantId,
    ) -> Result<Self, ServerError> {
        let name = format!("operation:{tenant}");
        if !got_lock(&mut session, &name, 0).await? {
            let holder: Option<i64> = sqlx::query("SELECT IS_USED_LOCK(?)")
                .bind(&name)
                .fetch_one(&mut session)
                .await?
                .try_get(0)?;
            if let Some(holder) = holder {
                let kill = format!("KILL HARD CONNECTION {holder}");
                // It may have ended by itself meanwhile.
                let _ = sqlx::raw_sql(AssertSqlSafe(kill))
                    .execute(&mut session)
                    .await;
            }
            if !got_lock(&mut session, &name, LOCK_SECONDS).await? {
                return Err(ServerError::Held);
            }
        }
        Ok(Self { session })
    }

    /// Makes the database unless it is there, and makes sure that it is ours.
    pub(super) async fn create_database(
        &mut self,
        names: &DatabaseNames,
        nonce: &str,
    ) -> Result<(), ServerError> {
        let (database, nonce) = (safe(&names.database)?, safe(nonce)?);
        self.run(format!(
            "CREATE DATABASE IF NOT EXISTS `{database}` CHARACTER SET utf8mb4 \
             COLLATE utf8mb4_unicode_ci COMMENT 'trellis:{nonce}'"
        ))
        .await?;
        match self.comment(database).await? {
            Some(comment) if comment == format!("trellis:{nonce}") => Ok(()),
            _ => Err(ServerError::NotOurs),
        }
    }

    /// Drops the database when it is there and is ours.
    pub(super) async fn drop_database(
        &mut self,
        names: &DatabaseNames,
        nonce: &str,
    ) -> Result<(), ServerError> {
        let database = safe(&names.database)?;
        match self.comment(database).await? {
            None => Ok(()),
            Some(comment) if comment == format!("trellis:{nonce}") => {
                self.run(format!("DROP DATABASE IF EXISTS `{database}`"))
                    .await
            }
            Some(_) => Err(ServerError::NotOurs),
        }
    }

    /// Makes both accounts, or makes them anew: their names are random and nobody else's.
    pub(super) async fn create_accounts(
        &mut self,
        names: &DatabaseNames,
        (runtime_password, migrator_password): (&SecretString, &SecretString),
        limits: AccountLimits,
    ) -> Result<(), ServerError> {
        let (database, runtime) = (safe(&names.database)?, safe(&names.runtime_user)?);
        let migrator = safe(&names.migrator_user)?;
        let runtime_password = safe(runtime_password.expose_secret())?;
        let migrator_password = safe(migrator_password.expose_secret())?;
        // `_` in the database of a grant would match any character.
        let pattern = database.replace('_', "\\_");
        let AccountLimits {
            connections,
            statement_seconds,
        } = limits;
        self.run(format!(
            "CREATE OR REPLACE USER '{runtime}'@'%' IDENTIFIED BY '{runtime_password}' \
             WITH MAX_USER_CONNECTIONS {connections} MAX_STATEMENT_TIME {statement_seconds}"
        ))
        .await?;
        self.run(format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON `{pattern}`.* TO '{runtime}'@'%'"
        ))
        .await?;
        self.run(format!(
            "CREATE OR REPLACE USER '{migrator}'@'%' IDENTIFIED BY '{migrator_password}' \
             WITH MAX_USER_CONNECTIONS 4"
        ))
        .await?;
        self.run(format!(
            "GRANT {MIGRATOR_RIGHTS} ON `{pattern}`.* TO '{migrator}'@'%'"
        ))
        .await
    }

    /// Drops both accounts and ends their sessions.
    pub(super) async fn drop_accounts(&mut self, names: &DatabaseNames) -> Result<(), ServerError> {
        let (runtime, migrator) = (safe(&names.runtime_user)?, safe(&names.migrator_user)?);
        self.run(format!(
            "DROP USER IF EXISTS '{runtime}'@'%', '{migrator}'@'%'"
        ))
        .await?;
        self.end_sessions(runtime).await?;
        self.end_sessions(migrator).await
    }

    /// Fences the runtime: a revoked right would not stop a session that lives.
    pub(super) async fn lock_runtime(&mut self, names: &DatabaseNames) -> Result<(), ServerError> {
        let runtime = safe(&names.runtime_user)?;
        self.run(format!("ALTER USER '{runtime}'@'%' ACCOUNT LOCK"))
            .await?;
        self.end_sessions(runtime).await
    }

    /// Lets the runtime in again.
    pub(super) async fn unlock_runtime(
        &mut self,
        names: &DatabaseNames,
    ) -> Result<(), ServerError> {
        let runtime = safe(&names.runtime_user)?;
        self.run(format!("ALTER USER '{runtime}'@'%' ACCOUNT UNLOCK"))
            .await
    }

    /// Gives the tenant and the session back.
    pub(super) async fn close(self) {
        // The server frees the lock when the session ends, however it ends.
        let _ = self.session.close().await;
    }

    async fn end_sessions(&mut self, user: &str) -> Result<(), ServerError> {
        self.run(format!("KILL HARD USER '{user}'@'%'")).await
    }

    async fn comment(&mut self, database: &str) -> Result<Option<String>, ServerError> {
        let row = sqlx::query(
            "SELECT schema_comment FROM information_schema.schemata WHERE schema_name = ?",
        )
        .bind(database)
        .fetch_optional(&mut self.session)
        .await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    async fn run(&mut self, statement: String) -> Result<(), ServerError> {
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut self.session)
            .await?;
        Ok(())
    }
}

async fn got_lock(
    session: &mut MySqlConnection,
    name: &str,
    seconds: u8,
) -> Result<bool, ServerError> {
    let row = sqlx::query("SELECT GET_LOCK(?, ?)")
        .bind(name)
        .bind(seconds)
        .fetch_one(session);
    let got: Option<i64> = row.await?.try_get(0)?;
    Ok(got == Some(1))
}

/// The text when it has only characters that mean nothing in SQL.
fn safe(text: &str) -> Result<&str, ServerError> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if !text.is_empty() && text.bytes().all(good) {
        Ok(text)
    } else {
        Err(ServerError::Unsafe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_go_into_statements() {
        assert!(safe("t2abc_-X").is_ok());
        for bad in ["", "a'b", "a`b", "a\\", "a b", "a;b", "ä"] {
            assert!(safe(bad).is_err(), "{bad}");
        }
    }
}
