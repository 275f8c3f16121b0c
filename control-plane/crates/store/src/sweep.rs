//! Sweep accounts: one on each server, which tenants' databases it may look at, and what of it
//! nodes get to know.

use chrono::{DateTime, Utc};
use cp_domain::Ring;
use kernel::{Generation, ServerId, TenantContext, TenantId};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::{StoreError, sql};

/// The account of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepAccount {
    /// The server.
    pub server: ServerId,
    /// What the account is called.
    pub user: String,
    /// Its password, sealed.
    pub password: Vec<u8>,
}

/// A server with its account, for those who connect.
#[derive(Debug, Clone, FromQueryResult)]
pub struct SweptServer {
    /// The server.
    pub id: Uuid,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The account.
    pub user_name: String,
    /// Its password in the envelope.
    pub password: Vec<u8>,
}

/// A tenant in service, with the database to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweptTenant {
    /// The tenant at its generation.
    pub tenant: TenantContext,
    /// Its server and database; none while the sweep account may not look at it.
    pub database: Option<(ServerId, String)>,
}

#[derive(FromQueryResult)]
struct AccountRow {
    user_name: String,
    password: Vec<u8>,
}

#[derive(FromQueryResult)]
struct TenantRow {
    id: Uuid,
    generation: u32,
}

#[derive(FromQueryResult)]
struct SweptRow {
    id: Uuid,
    generation: u32,
    server_id: Option<Uuid>,
    database_name: Option<String>,
}

const SWEPT: &str = "SELECT t.id, t.generation, d.server_id, d.database_name \
     FROM tenants t \
     JOIN placement_groups p ON p.id = t.placement_group_id \
     LEFT JOIN sweep_grants g ON g.tenant_id = t.id AND g.generation = t.generation \
       AND g.version >= ? \
     LEFT JOIN tenant_databases d ON d.tenant_id = g.tenant_id AND d.generation = g.generation \
     WHERE p.ring = ? AND t.state IN ('active', 'quarantined') AND t.id > ? \
     ORDER BY t.id LIMIT ?";

const WITHOUT: &str = "SELECT t.id, t.generation \
     FROM tenants t \
     JOIN tenant_databases d ON d.tenant_id = t.id AND d.generation = t.generation \
     LEFT JOIN sweep_grants g ON g.tenant_id = t.id AND g.generation = t.generation \
       AND g.version >= ? \
     WHERE g.tenant_id IS NULL AND t.state IN ('active', 'quarantined') AND t.id > ? \
     ORDER BY t.id LIMIT ?";

/// The tables `sweep_accounts` and `sweep_grants`.
#[derive(Debug, Clone, Copy)]
pub struct SweepStore;

impl SweepStore {
    /// Keeps the account of a server, unless one is kept already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_account(
        conn: &impl ConnectionTrait,
        account: &SweepAccount,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let text = "INSERT INTO sweep_accounts (server_id, user_name, password, created_at) \
             VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE server_id = server_id";
        let values = [
            account.server.as_uuid().into(),
            account.user.as_str().into(),
            account.password.clone().into(),
            now.into(),
        ];
        sql::execute(conn, text, values).await.map(drop)
    }

    /// The account of a server.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account(
        conn: &impl ConnectionTrait,
        server: ServerId,
    ) -> Result<Option<SweepAccount>, StoreError> {
        let text = "SELECT user_name, password FROM sweep_accounts WHERE server_id = ?";
        let row = sql::select::<AccountRow, 1>(text, [server.as_uuid().into()]);
        Ok(row.one(conn).await?.map(|row| SweepAccount {
            server,
            user: row.user_name,
            password: row.password,
        }))
    }

    /// Notes that a tenant's database may be looked at, by this version of the rights.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn granted(
        conn: &impl ConnectionTrait,
        tenant: TenantContext,
        version: u16,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let text = "INSERT INTO sweep_grants (tenant_id, generation, version, granted_at) \
             VALUES (?, ?, ?, ?) \
             ON DUPLICATE KEY UPDATE version = VALUES(version), granted_at = VALUES(granted_at)";
        let values = [
            tenant.tenant.as_uuid().into(),
            tenant.generation.0.into(),
            version.into(),
            now.into(),
        ];
        sql::execute(conn, text, values).await.map(drop)
    }

    /// The tenants in service after one, by id, that may not be looked at by this version of the
    /// rights.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_without(
        conn: &impl ConnectionTrait,
        version: u16,
        after: Option<TenantId>,
        limit: u64,
    ) -> Result<Vec<TenantContext>, StoreError> {
        let values = [version.into(), place(after), limit.into()];
        let rows = sql::select::<TenantRow, 3>(WITHOUT, values);
        Ok(rows
            .all(conn)
            .await?
            .into_iter()
            .map(|row| context(row.id, row.generation))
            .collect())
    }

    /// The tenants in service of a ring after one, by id, with what is to be looked at.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        (ring, version): (Ring, u16),
        after: Option<TenantId>,
        limit: u64,
    ) -> Result<Vec<SweptTenant>, StoreError> {
        let values = [
            version.into(),
            ring.as_str().into(),
            place(after),
            limit.into(),
        ];
        let rows = sql::select::<SweptRow, 4>(SWEPT, values).all(conn).await?;
        let tenant = |row: SweptRow| SweptTenant {
            tenant: context(row.id, row.generation),
            database: row.server_id.map(ServerId::from).zip(row.database_name),
        };
        Ok(rows.into_iter().map(tenant).collect())
    }

    /// Those of the servers that have an account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn servers(
        conn: &impl ConnectionTrait,
        servers: &[ServerId],
    ) -> Result<Vec<SweptServer>, StoreError> {
        if servers.is_empty() {
            return Ok(Vec::new());
        }
        let places = vec!["?"; servers.len()].join(", ");
        let text = format!(
            "SELECT s.id, s.host, s.port, a.user_name, a.password FROM sweep_accounts a \
             JOIN database_servers s ON s.id = a.server_id WHERE a.server_id IN ({places})"
        );
        let values = servers.iter().map(|id| Value::from(id.as_uuid()));
        let statement = Statement::from_sql_and_values(DbBackend::MySql, text, values);
        Ok(SweptServer::find_by_statement(statement).all(conn).await?)
    }
}

fn place(after: Option<TenantId>) -> Value {
    after.map_or(Uuid::nil(), TenantId::as_uuid).into()
}

fn context(tenant: Uuid, generation: u32) -> TenantContext {
    TenantContext {
        tenant: tenant.into(),
        generation: Generation(generation),
    }
}
