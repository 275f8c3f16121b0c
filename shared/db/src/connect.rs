//! How a connection starts: the session's settings and, for a tenant's, the check of its owner.

use std::time::Duration;

use kernel::TenantContext;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, MySqlConnection, MySqlPool, Row as _,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
};

use crate::{DbError, Placement};

/// A connection that was idle longer is asked whether it still lives before it is used. A busy one
/// never is: a ping per request would be a third of the statements.
const PING_AFTER: Duration = Duration::from_secs(30);
/// How long a connection is used at most, so that failed-over addresses are followed.
const MAX_LIFETIME: Duration = Duration::from_secs(30 * 60);

/// The size and times of a pool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub max_connections: u32,
    pub acquire_timeout: Duration,
    pub idle_timeout: Duration,
    pub statement_timeout: Duration,
}

pub(crate) fn of_placement(placement: &Placement) -> MySqlConnectOptions {
    let options = MySqlConnectOptions::new()
        .username(&placement.user)
        .password(placement.password.expose())
        .database(&placement.database);
    plain(at(options, &placement.host, placement.port))
}

/// Of a server's host name, or of the path of its socket when it starts with `/`.
pub(crate) fn at(options: MySqlConnectOptions, host: &str, port: u16) -> MySqlConnectOptions {
    if host.starts_with('/') {
        options.socket(host)
    } else {
        options.host(host).port(port)
    }
}

/// Without the statement that sqlx sends first (ours does it all) and without its log.
pub(crate) fn plain(options: MySqlConnectOptions) -> MySqlConnectOptions {
    options
        .charset("utf8mb4")
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(None)
        .set_names(false)
        .disable_statement_logging()
}

/// The first statement of every session.
fn session(limits: Limits) -> String {
    let seconds = limits.statement_timeout.as_secs_f64();
    let lock_seconds = limits.statement_timeout.as_secs().max(1);
    format!(
        "SET time_zone = '+00:00', \
         sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,\
         NO_ENGINE_SUBSTITUTION', \
         max_statement_time = {seconds:.3}, lock_wait_timeout = {lock_seconds}, \
         innodb_lock_wait_timeout = {lock_seconds}"
    )
}

/// A pool that connects when it is first used. With `owner`, every connection is checked.
pub(crate) fn lazy_pool(
    options: MySqlConnectOptions,
    limits: Limits,
    owner: Option<TenantContext>,
) -> MySqlPool {
    MySqlPoolOptions::new()
        .max_connections(limits.max_connections)
        .min_connections(0)
        .acquire_timeout(limits.acquire_timeout)
        .idle_timeout(limits.idle_timeout)
        .max_lifetime(MAX_LIFETIME)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > PING_AFTER {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection, _meta| {
            Box::pin(async move {
                prepare(connection, limits, owner)
                    .await
                    .map_err(|error| match error {
                        DbError::Connect(inner) => sqlx::Error::Configuration(inner.into()),
                        other => sqlx::Error::Configuration(other.into()),
                    })
            })
        })
        .connect_lazy_with(options)
}

/// Connects once, outside any pool, to learn why a tenant's database cannot be used: a pool would
/// only say that it waited in vain.
pub(crate) async fn probe(
    options: &MySqlConnectOptions,
    limits: Limits,
    owner: TenantContext,
) -> Result<(), DbError> {
    let attempt = async {
        let mut connection = options.connect().await?;
        let checked = prepare(&mut connection, limits, Some(owner)).await;
        let closed = connection.close().await;
        checked.and(closed.map_err(DbError::from))
    };
    match tokio::time::timeout(limits.acquire_timeout, attempt).await {
        Ok(outcome) => outcome,
        Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
    }
}

pub(crate) async fn prepare(
    connection: &mut MySqlConnection,
    limits: Limits,
    owner: Option<TenantContext>,
) -> Result<(), DbError> {
    sqlx::raw_sql(AssertSqlSafe(session(limits)))
        .execute(&mut *connection)
        .await?;
    match owner {
        Some(owner) => check_owner(connection, owner).await,
        None => Ok(()),
    }
}

/// The one row of the table `tenant` must name the tenant and the generation.
async fn check_owner(
    connection: &mut MySqlConnection,
    owner: TenantContext,
) -> Result<(), DbError> {
    let rows = sqlx::raw_sql("SELECT tenant_id, generation FROM tenant LIMIT 2")
        .fetch_all(&mut *connection)
        .await;
    // A database without the table is not a tenant's at all.
    let rows = match rows {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42S02") => Vec::new(),
        other => other?,
    };
    let [row] = rows.as_slice() else {
        tracing::error!(tenant = %owner.tenant, rows = rows.len(), "refused a database: it has not one owner");
        return Err(DbError::Foreign);
    };
    let tenant: Vec<u8> = row.try_get(0)?;
    let generation: u32 = row.try_get(1)?;
    if tenant == owner.tenant.as_uuid().as_bytes() && generation == owner.generation.0 {
        return Ok(());
    }
    tracing::error!(
        tenant = %owner.tenant,
        generation = %owner.generation,
        found_generation = generation,
        "refused a database: it is another tenant's or of another generation"
    );
    Err(DbError::Foreign)
}
