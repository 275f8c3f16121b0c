//! The central database, which the control plane alone reaches.

use std::{str::FromStr as _, time::Duration};

use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbErr, SqlxMySqlConnector,
    TransactionTrait as _,
};
use serde::Deserialize;
use settings::Secret;
use sqlx::mysql::MySqlConnectOptions;

use crate::{
    DbError,
    connect::{self, Limits},
};

const IDLE: Duration = Duration::from_secs(300);

/// The central database's pool.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolSettings {
    /// `mysql://user:password@host:port/database`.
    pub url: Secret,
    /// The most connections.
    pub max_connections: u32,
    /// How long a call waits for a free connection.
    pub acquire_timeout_ms: u64,
    /// How long a statement may run.
    pub statement_timeout_ms: u64,
}

/// The central database. Clones share the pool.
#[derive(Debug, Clone)]
pub struct CentralDb(DatabaseConnection);

impl CentralDb {
    /// A pool that connects when it is first used, so that a program starts, and says why it is
    /// not ready, while the database is down.
    ///
    /// # Errors
    /// When the address is not one.
    #[expect(
        clippy::unused_async,
        reason = "a pool is bound to the runtime it is made in"
    )]
    pub async fn connect(settings: &PoolSettings) -> Result<Self, DbError> {
        // sqlx's message may quote the address, password and all.
        let options = MySqlConnectOptions::from_str(settings.url.expose())
            .map_err(|_| DbError::Address("expected mysql://user:password@host/name".into()))?;
        let limits = Limits {
            max_connections: settings.max_connections,
            acquire_timeout: Duration::from_millis(settings.acquire_timeout_ms),
            idle_timeout: IDLE,
            statement_timeout: Duration::from_millis(settings.statement_timeout_ms),
        };
        let pool = connect::lazy_pool(connect::plain(options), limits, None);
        Ok(Self(SqlxMySqlConnector::from_sqlx_mysql_pool(pool)))
    }

    /// The connection for SeaORM.
    #[must_use]
    pub fn conn(&self) -> &DatabaseConnection {
        &self.0
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// When there is no connection or it fails.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.0.begin().await
    }

    /// Asks whether the database answers, for `/readyz`.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.0.execute_unprepared("SELECT 1").await.map(drop)
    }
}
