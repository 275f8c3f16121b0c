//! Sessions as identity providers and the enforcement of single sign-on end them.

use chrono::{DateTime, Utc};
use kernel::{ConnectionId, MemberId, PersonId, TenantId};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::{StoreError, sql};

/// Ends sessions and tokens of many at once.
#[derive(Debug, Clone, Copy)]
pub struct SsoSessionStore;

/// How many ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Sessions that did not come through a provider.
    pub sessions: u64,
    /// Clients.
    pub clients: u64,
    /// Access tokens.
    pub tokens: u64,
}

#[derive(FromQueryResult)]
struct MemberRow {
    member_id: Uuid,
}

impl SsoSessionStore {
    /// Ends the sessions of a connection that a provider means: of one of its own sessions, of a
    /// person, or of both at once. Answers whose they were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke(
        conn: &impl ConnectionTrait,
        connection: ConnectionId,
        session: Option<&str>,
        person: Option<PersonId>,
        now: DateTime<Utc>,
    ) -> Result<Vec<MemberId>, StoreError> {
        let mut filter = "connection_id = ? AND revoked_at IS NULL".to_owned();
        let mut values: Vec<Value> = vec![connection.as_uuid().into()];
        if let Some(session) = session {
            filter.push_str(" AND provider_session = ?");
            values.push(session.into());
        }
        if let Some(person) = person {
            filter.push_str(" AND person_id = ?");
            values.push(person.as_uuid().into());
        }
        let text = format!("SELECT DISTINCT member_id FROM sessions WHERE {filter} FOR UPDATE");
        let found = Statement::from_sql_and_values(DbBackend::MySql, text, values.clone());
        let found = MemberRow::find_by_statement(found).all(conn).await?;
        values.insert(0, now.into());
        let text = format!("UPDATE sessions SET revoked_at = ? WHERE {filter}");
        conn.execute_raw(Statement::from_sql_and_values(
            DbBackend::MySql,
            text,
            values,
        ))
        .await?;
        Ok(found.into_iter().map(|row| row.member_id.into()).collect())
    }

    /// Ends every session of a tenant that did not come through a provider, every client and
    /// every token.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_others(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> Result<Ended, StoreError> {
        // By the tenant's members: the tables have no index of tenants, and a change that looks at
        // every row would make all other tenants wait.
        let revoke = |table: &str, which: &str| {
            let text = format!(
                "UPDATE {table} t JOIN memberships m ON m.member_id = t.member_id \
                 SET t.revoked_at = ? WHERE m.tenant_id = ? AND t.revoked_at IS NULL{which}"
            );
            sql::statement(&text, [now.into(), tenant.as_uuid().into()])
        };
        let end = async |statement| -> Result<u64, StoreError> {
            Ok(conn.execute_raw(statement).await?.rows_affected())
        };
        let sessions = end(revoke("sessions", " AND t.method <> 'sso'")).await?;
        // The clients before the tokens: who asks for a token at this moment keeps its client
        // until it has the token, which is then seen.
        let clients = end(revoke("client_secrets", "")).await?;
        let tokens = end(revoke("access_tokens", "")).await?;
        Ok(Ended {
            sessions,
            clients,
            tokens,
        })
    }
}
